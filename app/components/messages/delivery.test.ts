import { expect, test } from 'vitest'
import type { UnsentMutation } from '#app/collections/workspace.tsx'
import { deliveriesOf, wasNeverSent } from './delivery.ts'

const edit = (id: string, message: string, state: UnsentMutation['state']): UnsentMutation => ({
  id,
  name: 'chat_messages.edit',
  input: { id: message, content: 'x' },
  created_at: new Date(0),
  state,
})

test('a failed change outranks those that are only waiting', () => {
  const found = deliveriesOf([edit('1', 'm', 'pending'), edit('2', 'm', 'failed'), edit('3', 'm', 'failed')])
  expect(found.get('m')).toMatchObject({ mutationId: '2', kind: 'edit', state: 'failed' })
})

test('changes of other things are not about messages', () => {
  const pin: UnsentMutation = {
    id: '1',
    name: 'inbox_entries.pin',
    input: { session_id: 's', pinned: true },
    created_at: new Date(0),
    state: 'pending',
  }
  expect(deliveriesOf([pin]).size).toBe(0)
})

test('only a message whose sending was refused was never sent', () => {
  const send = (state: UnsentMutation['state']): UnsentMutation => ({
    id: '1',
    name: 'chat_messages.send',
    input: { id: 'm', session_id: 's', thread_id: 't', content: 'x' },
    created_at: new Date(0),
    state,
  })
  const of = (change: UnsentMutation) => wasNeverSent(deliveriesOf([change]).get('m'))
  expect(of(send('failed'))).toBe(true)
  expect(of(send('pending'))).toBe(false)
  expect(of(edit('1', 'm', 'failed'))).toBe(false)
  expect(wasNeverSent(undefined)).toBe(false)
})
