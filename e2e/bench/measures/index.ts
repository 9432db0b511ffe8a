import type { Measure } from '../app-bench.ts'
import { clickToScreen } from './click-to-screen.ts'
import { fanOut } from './fan-out.ts'
import { liveDelivery } from './live-delivery.ts'
import { longPollReaders, streamReaders } from './live-readers.ts'
import { proxyLatency } from './proxy-latency.ts'
import { proxyThroughput } from './proxy-throughput.ts'
import { sixConnections } from './six-connections.ts'
import { writeLatency } from './write-latency.ts'

export const measures: Record<string, Measure> = {
  'proxy-latency': proxyLatency,
  'proxy-throughput': proxyThroughput,
  'poll-readers': longPollReaders,
  'stream-readers': streamReaders,
  'fan-out': fanOut,
  'live-delivery': liveDelivery,
  'click-to-screen': clickToScreen,
  'six-connections': sixConnections,
  'write-latency': writeLatency,
}
