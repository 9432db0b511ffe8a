import fc from 'fast-check'
import { expect, test } from 'vitest'
import { RecentTransactions } from './recent-transactions.ts'
import { isContained, isVisible, parseSnapshotView } from './visibility.ts'

test('a snapshot contains what had ended when it was taken', () => {
  const view = parseSnapshotView('100:105:100,103', 5_000n)
  const visible = [98, 99, 100, 101, 102, 103, 104, 105, 106].filter((xid) => isVisible(view, xid))
  expect(visible).toEqual([98, 99, 101, 102, 104])
})

test('ids are compared on the circle of 32 bits, wherever the snapshot lies in 64', () => {
  fc.assert(
    fc.property(fc.bigInt(3n, 1n << 40n), fc.integer({ min: -1000, max: 1000 }), (xmax, distance) => {
      const view = parseSnapshotView(`${xmax}:${xmax}:`, 0n)
      const xid = Number((xmax + BigInt(distance)) & 0xffffffffn)
      expect(isVisible(view, xid)).toBe(distance < 0)
    }),
  )
})

test('a commit after the snapshot is never contained, whatever its id', () => {
  const view = parseSnapshotView('100:105:', 5_000n)
  expect(isContained(view, { xid: 99, lsn: 4_999n })).toBe(true)
  expect(isContained(view, { xid: 99, lsn: 5_000n })).toBe(false)
})

test('a commit beyond xmax does not make later contained ones apply again', () => {
  const view = parseSnapshotView('100:105:', 5_000n)
  expect(isContained(view, { xid: 107, lsn: 4_000n })).toBe(false)
  expect(isContained(view, { xid: 104, lsn: 4_500n })).toBe(true)
})

test('streamed transactions are remembered until a snapshot contains them', () => {
  const recent = new RecentTransactions()
  for (const xid of [100, 103, 104]) recent.add(xid)
  const registeredBefore = recent.streamed()
  recent.settle(parseSnapshotView('103:105:103', 0n))
  expect(recent.streamed()).toEqual([103])
  expect(registeredBefore).toEqual([100, 103, 104])
})
