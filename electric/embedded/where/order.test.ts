import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareDatetimes, compareInstants, microseconds } from './order-datetimes.ts'
import { compareIntervals, intervalKey } from './order-intervals.ts'
import { compareDecimals, compareFloats, decimalKey, floatKey } from './order-numbers.ts'
import { compareTexts, withoutPadding } from './order-texts.ts'

type Compare = (a: string, b: string) => number

/** Each is less than the next; those in one list are equal. */
function expectOrder(compare: Compare, groups: readonly (readonly string[])[]): void {
  for (const [index, group] of groups.entries()) {
    for (const [other, others] of groups.entries()) {
      for (const a of group) {
        for (const b of others) expect(Math.sign(compare(a, b)), `${a} ${b}`).toBe(Math.sign(index - other))
      }
    }
  }
}

test('texts are in the order of their bytes', () => {
  const texts = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(texts, texts, (a, b) => {
      expect(Math.sign(compareTexts(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)))
    }),
  )
  expectOrder(compareTexts, [
    [''],
    ['a'],
    ['a '],
    ['ab'],
    ['\ud7ff'],
    ['\ue000'],
    ['\uffff'],
    ['\u{10000}'],
    ['\u{10ffff}'],
  ])
})

test('padding is spaces at the end, and nothing else', () => {
  for (const [text, bare] of [
    ['', ''],
    ['   ', ''],
    [' a  ', ' a'],
    ['a\t', 'a\t'],
    ['a\u00a0 ', 'a\u00a0'],
  ]) {
    expect(withoutPadding(text ?? '')).toBe(bare)
  }
})

describe('numbers', () => {
  test('are compared exactly, however long', () => {
    expectOrder(compareDecimals, [
      ['-Infinity'],
      ['-123456789012345678901234567890.1', '-123456789012345678901234567890.10'],
      ['-9223372036854775808'],
      ['-10', '-10.0', '-10.000'],
      ['-9.99'],
      ['-0.5'],
      ['-0.0000000001'],
      ['0', '0.0', '0.00'],
      ['0.0000000001'],
      ['0.05', '0.050'],
      ['0.5'],
      ['9.99'],
      ['10', '10.0'],
      ['10.01'],
      ['9223372036854775807'],
      ['9223372036854775807.5'],
      ['Infinity'],
      ['NaN'],
    ])
  })

  test('of whatever digits are in the order of their values', () => {
    const scaled = fc.tuple(
      fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
      fc.integer({ min: 0, max: 12 }),
    )
    const print = ([value, scale]: [bigint, number]) => {
      const digits = String(value < 0n ? -value : value).padStart(scale + 1, '0')
      const whole = digits.slice(0, digits.length - scale)
      return `${value < 0n ? '-' : ''}${whole}${scale > 0 ? `.${digits.slice(digits.length - scale)}` : ''}`
    }
    const sized = ([value, scale]: [bigint, number]) => value * 10n ** BigInt(12 - scale)
    fc.assert(
      fc.property(scaled, scaled, (a, b) => {
        const difference = sized(a) - sized(b)
        expect(Math.sign(compareDecimals(print(a), print(b)))).toBe(
          Number(difference > 0n) - Number(difference < 0n),
        )
        expect(decimalKey(print(a)) === decimalKey(print(b))).toBe(difference === 0n)
      }),
    )
  })

  test('of floating point have one zero, and NaN above all', () => {
    expectOrder(compareFloats, [
      ['-Infinity'],
      ['-1e+308'],
      ['-5e-324'],
      ['-0', '0'],
      ['5e-324'],
      ['0.1'],
      ['1', '1.0', '1e0'],
      ['Infinity'],
      ['NaN'],
    ])
    expect(['-0', '0', '1e+21', 'NaN'].map(floatKey)).toEqual(['0', '0', '1e+21', 'NaN'])
  })
})

describe('dates and times', () => {
  test('before Christ, of long years and without end', () => {
    expectOrder(compareDatetimes, [
      ['-infinity'],
      ['4713-11-24 00:00:00 BC'],
      ['0044-03-15 10:00:00 BC'],
      ['0044-03-15 10:00:00.5 BC'],
      ['0001-12-31 23:59:59.999999 BC'],
      ['0001-01-01 00:00:00'],
      ['2024-02-29 00:00:00'],
      ['2024-02-29 00:00:00.000001'],
      ['2024-02-29 00:00:00.1'],
      ['9999-12-31 23:59:59.999999'],
      ['10000-01-01 00:00:00'],
      ['294276-12-31 23:59:59.999999'],
      ['infinity'],
    ])
    expectOrder(compareDatetimes, [
      ['4713-11-24 BC'],
      ['0001-01-01 BC'],
      ['0001-01-01'],
      ['12000-01-01'],
      ['infinity'],
    ])
  })

  test('of different types are compared by what they mean', () => {
    expectOrder(compareInstants, [
      ['2023-12-31 23:59:59.9'],
      ['2024-01-01', '2024-01-01 00:00:00', '2024-01-01 00:00:00+00'],
      ['2024-01-01 00:00:00.000001+00'],
      ['5874897-12-31'],
      ['infinity'],
    ])
  })

  test('are those of the calendar', () => {
    const moments = fc.date({
      min: new Date('0001-01-01T00:00:00Z'),
      max: new Date('9999-12-31T23:59:59Z'),
      noInvalidDate: true,
    })
    fc.assert(
      fc.property(moments, (date) => {
        const text = date.toISOString().replace('T', ' ').replace('Z', '+00')
        expect(microseconds(text)).toBe(BigInt(date.getTime()) * 1000n)
      }),
    )
  })

  test('what is none is an error', () => {
    for (const text of ['', '2024-1-1', '01/02/2024', '2024-01-01T00:00:00Z']) {
      expect(() => microseconds(text)).toThrow(RangeError)
    }
  })
})

test('intervals are compared by months of thirty days', () => {
  expectOrder(compareIntervals, [
    ['-infinity'],
    ['P-1Y'],
    ['P-1DT3H'],
    ['PT-0.5S'],
    ['PT0S'],
    ['PT0.000001S'],
    ['P1D', 'PT24H', 'P1M-29D'],
    ['P1M', 'P30D', 'PT720H'],
    ['P1Y', 'P12M', 'P360D'],
    ['P1Y2M3DT-4H-5M-6.789S'],
    ['P178000000Y'],
    ['infinity'],
  ])
  expect(intervalKey('P1M')).toBe(intervalKey('P30D'))
  expect(() => intervalKey('1 day')).toThrow(RangeError)
})
