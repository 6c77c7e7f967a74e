/** The part of better-sqlite3-multiple-ciphers that the relay uses; the package's own types are outside its `exports`. */
declare module 'better-sqlite3' {
  interface Statement {
    run(...parameters: readonly unknown[]): { readonly changes: number }
    get(...parameters: readonly unknown[]): unknown
    all(...parameters: readonly unknown[]): unknown[]
    /** Rows as arrays of their columns. */
    raw(): Statement
  }
  interface Database {
    readonly inTransaction: boolean
    prepare(source: string): Statement
    exec(source: string): unknown
    pragma(source: string, options?: { readonly simple: boolean }): unknown
    /** `progress` says how many pages the next step may copy. */
    backup(path: string, options?: { readonly progress: () => number }): Promise<unknown>
    close(): unknown
  }
  const Database: new (
    path: string,
    options?: { readonly readonly?: boolean; readonly fileMustExist?: boolean },
  ) => Database
  export default Database
}
