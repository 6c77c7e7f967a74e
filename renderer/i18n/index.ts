import { createI18n } from 'vue-i18n'
import { account } from './en/account.ts'
import { core } from './en/core.ts'
import { invite } from './en/invite.ts'
import { onboarding } from './en/onboarding.ts'
import { settings } from './en/settings.ts'

export const messages = { en: { ...core, account, invite, onboarding, settings } } as const

export const i18n = createI18n({ legacy: false, locale: 'en', fallbackLocale: 'en', messages })
