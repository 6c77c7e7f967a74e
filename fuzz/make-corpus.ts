/** Writes each target's real values into the corpus: after a format has changed. What once broke something stays. */

import { BROKEN_PREFIX, dropInput, readCorpus, writeInput } from './engine/corpus.ts'
import { targets } from './targets.ts'

for (const target of targets) {
  const { samples } = target.prepare()
  for (const name of readCorpus(target.name).keys()) {
    if (!name.startsWith(BROKEN_PREFIX) && !(name in samples)) dropInput(target.name, name)
  }
  for (const [name, sample] of Object.entries(samples)) console.log(writeInput(target.name, name, sample))
}
