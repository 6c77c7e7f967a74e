import * as z from 'zod/mini'

/** What a person can choose, one value for the profile; kept in the encrypted store. */
export const settingsSchema = z.strictObject({
  theme: z.enum(['system', 'light', 'dark']),
  notifications: z.enum(['off', 'name-only', 'with-content']),
  sound: z.boolean(),
  readReceipts: z.boolean(),
  closeToTray: z.boolean(),
  enterSends: z.boolean(),
  /** Covers messages and calls: no direct dial, no hole punching, no LAN announcement. */
  hideAddress: z.boolean(),
  findOnLan: z.boolean(),
})

export type Settings = z.infer<typeof settingsSchema>

export const DEFAULT_SETTINGS: Settings = {
  theme: 'system',
  notifications: 'with-content',
  sound: true,
  readReceipts: true,
  closeToTray: true,
  enterSends: true,
  hideAddress: false,
  findOnLan: true,
}
