/** Copied from the product's `chat_messages`: its columns, and the index that a session is read by. */
export const TABLE = 'measured_messages'
