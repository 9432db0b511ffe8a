import { cpus, totalmem } from 'node:os'
import type { Figure, Unit } from './figures.ts'
import type { Limit } from './statistics.ts'
import type { Failure } from './suite.ts'

export interface Report {
  /** The machine that the figures belong to; they mean nothing on another. */
  machine: { cpu: string; cores: number; memory_gb: number; os: string; node: string; postgres: string }
  started_at: string
  seconds: number
  rounds: number
  figures: Figure[]
  /** What could not be measured or did not hold, and why. */
  failures: Failure[]
}

export function machineOf(postgres: string): Report['machine'] {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 2 ** 30),
    os: `${process.platform}-${process.arch}`,
    node: process.versions.node,
    postgres,
  }
}

const HEADINGS = ['measure', 'ours', 'peer', '', 'ratio', 'added', 'limit', 'spread', 'verdict']
/** Numbers stand at the right, words at the left. */
const AT_RIGHT = new Set([1, 3, 4, 5, 6, 7])

export function table({ machine, seconds, rounds, figures, failures }: Report): string {
  const rows = [HEADINGS, ...figures.map(cells)]
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const line = (row: string[]) =>
    row
      .map((cell, column) =>
        AT_RIGHT.has(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0),
      )
      .join('  ')
      .trimEnd()
  const { cpu, cores, memory_gb, os, node, postgres } = machine
  return [
    ...rows.map(line),
    ...failures.map(({ measure, reason }) => `${measure}: FAILED, ${reason}`),
    '',
    `Medians of ${rounds} interleaved rounds, ${seconds} s in all. "spread": how far apart two measurements of the same thing`,
    'lay in one round; a figure within it of its limit (without one: of its peer) is not distinguishable from it.',
    `${cores} cores (${cpu}), ${memory_gb} GB, ${os}, Node ${node}, PostgreSQL ${postgres}`,
  ].join('\n')
}

function cells(figure: Figure): string[] {
  const { measure, unit, ours, peerName, peer, ratio, added, limit, spread, verdict } = figure
  return [
    measure,
    quantity(ours, unit),
    peerName ?? '',
    peer === null ? '' : quantity(peer, unit),
    ratio === null ? '' : `${ratio.toFixed(2)}×`,
    added === null ? '' : `${added < 0 ? '−' : '+'}${quantity(Math.abs(added), unit)}`,
    limit ? limitText(limit, unit) : '',
    `±${Math.round((spread - 1) * 100)} %`,
    verdict,
  ]
}

function quantity(value: number, unit: Unit): string {
  return `${value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${unit}`
}

function limitText(limit: Limit, unit: Unit): string {
  if ('most' in limit) return `≤ ${limit.most} ${unit}`
  return 'times' in limit ? `≤ ${limit.times}×` : `≥ ${limit.timesAtLeast}×`
}
