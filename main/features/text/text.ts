/** Text messages. */

import { CONTENT_TYPES } from '../../../shared/wire/content.ts'
import { decodeText, encodeText } from '../../../shared/features/text.ts'
import type { ReceivedContent } from '../../services/incoming.ts'
import type { Feature, FeatureParts } from '../feature.ts'

export function textFeature(parts: FeatureParts): Feature {
  const { core, log, outgoing, views } = parts
  return {
    name: 'text',
    handlers: new Map([[CONTENT_TYPES.text, receive]]),
    commands: {
      'messages.send-text': ({ chatId, text }) =>
        core.store.transaction(() => {
          const own = log.addOwn(chatId, { kind: 'text', text })
          outgoing.send(own.contactId, {
            type: CONTENT_TYPES.text,
            messageId: own.record.messageId,
            sentAtMs: own.record.sentAtMs,
            order: own.order,
            body: encodeText(text),
            needsReceipt: true,
            blobId: null,
          })
          return views.message(own.record)
        }),
    },
  }

  function receive({ contact, content }: ReceivedContent): void {
    if (content.order === null) return
    const text = decodeText(content.body)
    if (log.addTheirs(contact, content, content.order, { kind: 'text', text })) parts.onMessage(content.messageId)
  }
}
