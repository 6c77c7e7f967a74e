/** What is asked before it happens to a chat. */
export type ChatQuestion = 'rename' | 'block' | 'delete'
