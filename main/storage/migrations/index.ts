import { first } from './001-first.ts'
import { verification } from './002-verification.ts'
import { suiteOne } from './003-suite-1.ts'
import type { Migration } from './migration.ts'

/** In order, without gaps. */
export const MIGRATIONS: readonly Migration[] = [first, verification, suiteOne]
