/** What the engine and its attachment worker say to each other. Keys travel in here, and nowhere else. */

import type { EncryptedAttachment, Encryption, PlaintextRange, Saving } from '../../ports/attachment-cipher.ts'
import type { ErrorCode } from '../../../shared/errors.ts'

export interface WorkerSetup {
  /** Of the ciphertext files. */
  readonly folder: string
}

export interface CipherTasks {
  readonly encrypt: Omit<Encryption, 'signal' | 'onProgress'>
  readonly save: Omit<Saving, 'signal' | 'onProgress'>
  readonly read: PlaintextRange
}

export interface CipherResults {
  readonly encrypt: EncryptedAttachment
  readonly save: null
  readonly read: Uint8Array<ArrayBuffer>
}

export type TaskKind = keyof CipherTasks
export type CipherTask<Kind extends TaskKind = TaskKind> = {
  readonly [Each in Kind]: { readonly kind: Each } & CipherTasks[Each]
}[Kind]
export type TaskResult = CipherResults[TaskKind]

export type ToWorker =
  | { readonly type: 'task'; readonly id: number; readonly task: CipherTask; readonly tellsProgress: boolean }
  | { readonly type: 'cancel'; readonly id: number }
  /** The last message: what is under way ends as cancelled, then the worker ends. */
  | { readonly type: 'stop' }

export type FromWorker =
  | { readonly type: 'ready' }
  | { readonly type: 'progress'; readonly id: number; readonly doneBytes: number }
  | { readonly type: 'done'; readonly id: number; readonly result: TaskResult }
  | { readonly type: 'failed'; readonly id: number; readonly code: ErrorCode; readonly detail: string }
