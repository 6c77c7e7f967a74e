import type { Column } from './columns.ts'
import type { Sql, SqlRow, SqlValue } from './sql.ts'

type Columns<Row> = { readonly [Field in keyof Row]-?: Column<Row[Field]> }

const snakeCase = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

/**
 * One table whose columns are the fields of a record, `contactId` as `contact_id`: the SQL that names
 * all of them, and the way from a row to a record and back.
 */
export class Table<Row extends object> {
  readonly name: string
  /** For `SELECT`, in the order that `decode` expects. */
  readonly list: string
  /** For `INSERT`, with as many `marks`. */
  readonly names: string
  readonly marks: string
  readonly #fields: readonly (keyof Row & string)[]
  readonly #columns: Columns<Row>

  constructor(name: string, columns: Columns<Row>) {
    this.name = name
    this.#columns = columns
    this.#fields = Object.keys(columns) as (keyof Row & string)[]
    this.list = this.#fields.map((field) => `${name}.${snakeCase(field)}`).join(', ')
    this.names = this.#fields.map(snakeCase).join(', ')
    this.marks = this.#fields.map(() => '?').join(', ')
  }

  get select(): string {
    return `SELECT ${this.list} FROM ${this.name}`
  }

  get insert(): string {
    return `INSERT INTO ${this.name} (${this.names}) VALUES (${this.marks})`
  }

  /** Inserts, or overwrites every other column of the row with the same `keys`. */
  upsert(...keys: readonly (keyof Row & string)[]): string {
    const overwrite = this.#fields
      .filter((field) => !keys.includes(field))
      .map((field) => `${snakeCase(field)} = excluded.${snakeCase(field)}`)
    return `${this.insert} ON CONFLICT (${keys.map(snakeCase).join(', ')}) DO UPDATE SET ${overwrite.join(', ')}`
  }

  values(row: Row): readonly SqlValue[] {
    return this.#fields.map((field) => this.#columns[field].encode(row[field]))
  }

  decode(row: SqlRow): Row {
    const record: Partial<Row> = {}
    for (const [index, field] of this.#fields.entries()) record[field] = this.#columns[field].decode(row[index])
    return record as Row
  }

  decodeOne(row: SqlRow | null): Row | null {
    return row === null ? null : this.decode(row)
  }

  /** Writes the fields that `patch` names into the rows that `where` selects. */
  update(sql: Sql, patch: Partial<Row>, where: string, ...parameters: readonly SqlValue[]): void {
    const fields = this.#fields.filter((field) => patch[field] !== undefined)
    if (fields.length === 0) return
    const assignments = fields.map((field) => `${snakeCase(field)} = ?`).join(', ')
    sql
      .command(`UPDATE ${this.name} SET ${assignments} WHERE ${where}`)
      .run(...fields.map((field) => this.#columns[field].encode(patch[field] as Row[typeof field])), ...parameters)
  }
}
