/**
 * The engine's boundary: whatever arrives on a port is parsed against the contract before anything is done,
 * and every failure becomes a closed code. A bug is not answered: it crashes the engine, and the shell restarts it.
 */

import type { Commands } from '../features/feature.ts'
import { commandInputs } from '../../shared/ipc/engine-contract.ts'
import type { CommandName, CommandReply, CommandRequest } from '../../shared/ipc/engine-contract.ts'
import { isParleyError, ParleyError } from '../../shared/errors.ts'

export interface CommandSource {
  /** The commands that exist in the present phase. */
  commands(): Commands
}

const MAX_TEXT_IN_ENVELOPE = 64

export class Router {
  readonly #source: CommandSource

  constructor(source: CommandSource) {
    this.#source = source
  }

  /** Null: not even a request that could be answered. Rejects only for a bug. */
  async handle(message: unknown): Promise<CommandReply | null> {
    const request = requestIn(message)
    if (request === null) return null
    try {
      return { id: request.id, ok: true, value: await this.#run(request.command, request.input) }
    } catch (error) {
      if (!isParleyError(error)) throw error
      return { id: request.id, ok: false, code: error.code, detail: error.detail }
    }
  }

  async #run(command: string, input: unknown): Promise<unknown> {
    if (!isCommandName(command)) throw new ParleyError('bad-request', 'no such command')
    const parsed = commandInputs[command].safeParse(input)
    if (!parsed.success) throw new ParleyError('bad-request', firstIssue(parsed.error.issues))
    const handler = this.#source.commands()[command]
    if (handler === undefined) throw new ParleyError('not-ready', command)
    // The schema that parsed the input and the handler belong to the same name; the compiler cannot follow that through the union.
    return (handler as (input: unknown) => unknown)(parsed.data)
  }
}

function requestIn(message: unknown): CommandRequest | null {
  if (typeof message !== 'object' || message === null) return null
  const { id, command, input } = message as { id?: unknown; command?: unknown; input?: unknown }
  if (typeof id !== 'number' || !Number.isSafeInteger(id) || id < 0) return null
  if (typeof command !== 'string' || command.length > MAX_TEXT_IN_ENVELOPE) return { id, command: '', input: null }
  return { id, command, input }
}

function isCommandName(command: string): command is CommandName {
  return Object.hasOwn(commandInputs, command)
}

/** Where the input is wrong, never what was in it. */
function firstIssue(issues: readonly { readonly path: readonly PropertyKey[]; readonly code?: string }[]): string {
  const [issue] = issues
  if (issue === undefined) return 'input'
  return `${issue.path.map(String).join('.') || 'input'}: ${issue.code ?? 'invalid'}`
}
