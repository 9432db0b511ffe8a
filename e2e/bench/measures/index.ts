import type { Measure } from '../app-bench.ts'
import { liveDelivery } from './live-delivery.ts'
import { proxyLatency } from './proxy-latency.ts'
import { writeLatency } from './write-latency.ts'

export const measures: Record<string, Measure> = {
  'live-delivery': liveDelivery,
  'proxy-latency': proxyLatency,
  'write-latency': writeLatency,
}
