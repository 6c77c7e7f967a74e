import { resolve } from 'node:path'
import { INVITE_SCHEME } from '../../shared/ipc/shell-contract.ts'

/** Longer than any invite (256 bytes in base64url and its prefix). */
const LONGEST_LINK_CHARS = 1_024

/** The `parley://` link in a command line, if there is one of a possible length. */
export const inviteLinkIn = (argv: readonly string[]): string | undefined =>
  argv.find((argument) => argument.startsWith(`${INVITE_SCHEME}://`) && argument.length <= LONGEST_LINK_CHARS)

/** The profile folder that was asked for: `--profile=DIR` before `PARLEY_PROFILE`; undefined: the usual one. */
export const profileFolder = (
  argv: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): string | undefined => {
  const prefix = '--profile='
  const argument = argv.find((candidate) => candidate.startsWith(prefix))?.slice(prefix.length)
  const chosen = argument || env.PARLEY_PROFILE
  return chosen ? resolve(chosen) : undefined
}
