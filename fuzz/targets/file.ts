import { decodeFile, encodeFile } from '../../shared/features/files.ts'
import type { FileContent } from '../../shared/features/files.ts'
import { idFromBytes } from '../../shared/model/ids.ts'
import { fuzzTarget } from '../engine/target.ts'
import { filled, words } from '../samples.ts'

export const file = fuzzTarget({
  name: 'file',
  refuses: ['malformed'],
  differs: 'names and media types come back with nothing dangerous in them',
  hints: { words: words('/', '\\', '..', '.', ' ', '\u00a0', '\u202e', '\0', 'CON', 'image/png', 'text/html; x') },
  prepare: () => {
    const plain: FileContent = {
      blobId: idFromBytes(filled(16, 1)),
      key: filled(32, 2),
      sha256: filled(32, 3),
      sizeBytes: 1_234,
      name: 'notes.pdf',
      mediaType: 'application/pdf',
      caption: '',
      photo: null,
    }
    return {
      samples: {
        plain: encodeFile(plain),
        photo: encodeFile({
          ...plain,
          name: 'garden.jpeg',
          mediaType: 'image/jpeg',
          caption: 'the garden',
          photo: { width: 640, height: 480, blurhash: 'LEHV6nWB2yk8pyo0adR*.7kCMdnj' },
        }),
      },
      decode: decodeFile,
      encode: encodeFile,
    }
  },
})
