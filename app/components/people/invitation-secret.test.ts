import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { createInvitation } from '#db/inputs/invitations.ts'
import { invitationToken } from '#db/inputs/session-members.ts'
import { createInvitationSecret, invitationLink } from './invitation-secret.ts'

test('a secret has the form that the server asks for, and the hash is its own', async () => {
  const { token, token_hash } = await createInvitationSecret()
  expect(invitationToken.safeParse(token).success).toBe(true)
  expect(createInvitation.shape.token_hash.safeParse(token_hash).success).toBe(true)
  expect(token_hash).toBe(createHash('sha256').update(token).digest('hex'))
})

test('two secrets differ', async () => {
  const [one, other] = await Promise.all([createInvitationSecret(), createInvitationSecret()])
  expect(one.token).not.toBe(other.token)
})

test('the token stands in the fragment, which no server sees', () => {
  const link = new URL(invitationLink('http://localhost:3000', 'abc'))
  expect(link.hash).toBe('#abc')
  expect(link.pathname + link.search).toBe('/join')
})
