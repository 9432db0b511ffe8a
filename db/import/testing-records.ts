/** Records as the legacy viewer wrote them, for tests. */

export const message = (id: string, rest: object = {}) => ({
  id,
  sessionId: 'session-default',
  mode: 'session',
  threadId: 'thread_1',
  role: 'user',
  content: `text of ${id}`,
  createdAt: '2025-12-19T14:00:00.000Z',
  updatedAt: '2025-12-19T14:00:00.000Z',
  ...rest,
})
export const thread = (id: string, rest: object = {}) => ({
  id,
  sessionId: 'session-default',
  mode: 'session',
  title: 'Session Coach',
  status: 'active',
  messageCount: 0,
  createdAt: '2025-12-19T13:00:00.000Z',
  updatedAt: '2025-12-19T13:00:00.000Z',
  ...rest,
})
export const event = (id: string, rest: object = {}) => ({
  id,
  sessionId: 'session-default',
  threadId: 'thread_1',
  toolCallId: '7',
  toolName: 'list',
  status: 'executing',
  arguments: { a: 1 },
  startedAt: '2025-12-19T14:00:00.000Z',
  ...rest,
})
/** Five records: two messages in a thread, another thread, a tool event. */
export const small = () => ({
  messages: [message('m1'), message('m2', { role: 'assistant', createdAt: '2025-12-19T14:00:01.000Z' })],
  threads: [thread('thread_1'), thread('thread_2', { mode: 'general', title: 'General' })],
  toolEvents: [event('e1')],
})
