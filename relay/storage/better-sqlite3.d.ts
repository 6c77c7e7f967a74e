/** The part of better-sqlite3-multiple-ciphers that the relay uses; the package's own types are outside its `exports`. */
declare module 'better-sqlite3' {
  namespace Database {
    interface Statement {
      run(...values: readonly unknown[]): { readonly changes: number }
      get(...values: readonly unknown[]): unknown
      all(...values: readonly unknown[]): unknown[]
    }
    interface Transaction<T> {
      (): T
      /** Takes the write lock at its start. */
      immediate(): T
    }
    interface Database {
      prepare(sql: string): Statement
      exec(sql: string): void
      pragma(source: string): unknown
      transaction<T>(body: () => T): Transaction<T>
      close(): void
    }
  }
  const Database: new (path: string, options?: { readonly nativeBinding?: string }) => Database.Database
  export default Database
}
