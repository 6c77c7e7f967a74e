import type { AttentionTexts } from '../services/attention.ts'

export const ATTENTION_TEXTS: AttentionTexts = { newMessage: 'New message', photo: 'Photo', file: 'File' }
