/** What can be done with one message. */
export type MessageAction = 'info' | 'delete' | 'retry' | 'fetch' | 'view' | 'save' | 'ask-again'
