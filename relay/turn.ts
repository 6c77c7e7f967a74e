/** Credentials for a coturn beside this relay (`use-auth-secret`): they say until when, and no name of anybody. */

import { createHmac, randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { TurnCredentials } from '../shared/wire/relay-allowance.ts'
import { ConfigError } from './config.ts'
import type { RelayConfig } from './config.ts'

const NAME_BYTES = 12

export interface TurnServers {
  readonly urls: readonly string[]
  /** The same as coturn's `static-auth-secret`. */
  readonly secret: string
  readonly ttlMinutes: number
}

/** Null: there is none. @throws ConfigError: its secret cannot be read */
export function turnServers({ turn }: RelayConfig): TurnServers | null {
  const { urls, secret, secretFile, ttlMinutes } = turn
  if (urls.length === 0) return null
  return { urls, secret: secret === '' ? secretIn(secretFile) : secret, ttlMinutes }
}

function secretIn(file: string): string {
  try {
    const secret = readFileSync(file, 'utf8').trim()
    if (secret !== '') return secret
  } catch (cause) {
    throw new ConfigError(`The file of turn.secretFile, ${file}, cannot be read.`, { cause })
  }
  throw new ConfigError(`The file of turn.secretFile, ${file}, is empty.`)
}

/** User: when it ends, in seconds since the epoch, `:`, random. Password: Base64 of HMAC-SHA1 of the user by the secret. */
export function turnCredentials({ urls, secret, ttlMinutes }: TurnServers, nowMs: number): TurnCredentials {
  const validSeconds = ttlMinutes * 60
  const username = `${Math.floor(nowMs / 1000) + validSeconds}:${randomBytes(NAME_BYTES).toString('hex')}`
  const password = createHmac('sha1', secret).update(username).digest('base64')
  return { urls, username, password, validSeconds }
}
