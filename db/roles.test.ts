import { expect, test } from 'vitest'
import { roleUrl } from './roles.ts'

test('a role’s login takes the owner’s place, with a password that follows from the owner’s', () => {
  const url = new URL(roleUrl('postgres://owner:secret@db.example:5433/chat?sslmode=require', 'app'))
  expect(url).toMatchObject({ username: 'throughline_app', host: 'db.example:5433', pathname: '/chat' })
  expect(url.search).toBe('?sslmode=require')
  expect(url.password).not.toBe('secret')
  expect(roleUrl('postgres://owner:secret@h/chat', 'app', 'a b@c')).toBe(
    'postgres://throughline_app:a%20b%40c@h/chat',
  )
})

test.each([
  ['postgres:///chat?host=/run/postgresql', 'must name a host'],
  ['postgres://owner:secret@/chat?host=/run/postgresql', 'must name a host'],
  ['postgres://owner:secret@one:5432,two:5432/chat', 'must name a host'],
  ['postgres://owner@h/chat', 'Set DATABASE_APP_PASSWORD and DATABASE_ELECTRIC_PASSWORD'],
])('%s is refused', (ownerUrl, why) => {
  expect(() => roleUrl(ownerUrl, 'app', ownerUrl.includes('@h/') ? undefined : 'given')).toThrow(why)
})
