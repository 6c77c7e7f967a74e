/** One step forward. A step that has landed on a person's disk is never changed again; the next one corrects it. */
export interface Migration {
  /** 1, 2, 3 …: the `user_version` after it. */
  readonly version: number
  readonly sql: string
}
