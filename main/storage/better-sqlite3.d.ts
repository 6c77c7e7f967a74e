/** The part of better-sqlite3-multiple-ciphers that the store uses; the package's own types are outside its `exports`. */
declare module 'better-sqlite3' {
  export interface Statement<Row> {
    /** Rows come back as arrays instead of objects. */
    raw(): Statement<unknown[]>
    get(...parameters: readonly unknown[]): Row | undefined
    all(...parameters: readonly unknown[]): Row[]
    run(...parameters: readonly unknown[]): { readonly changes: number }
  }

  export interface Database {
    readonly inTransaction: boolean
    prepare<Row>(source: string): Statement<Row>
    exec(source: string): this
    pragma(source: string, options?: { readonly simple?: boolean }): unknown
    key(key: Buffer): number
    close(): this
  }

  export interface Options {
    readonly fileMustExist?: boolean
    /** Milliseconds to wait for another connection's lock. */
    readonly timeout?: number
    readonly nativeBinding?: string
  }

  interface DatabaseConstructor {
    new (path: string, options?: Options): Database
    readonly SqliteError: new (message: string, code: string) => Error & { readonly code: string }
  }

  const Database: DatabaseConstructor
  export default Database
}
