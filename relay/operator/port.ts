/** The operator's loopback port: status page, metrics, health and readiness. Reads only; shows counts only. */

import fastify from 'fastify'
import type { FastifyInstance, FastifyReply } from 'fastify'
import { ConfigError } from '../config.ts'
import type { Meter } from '../metrics.ts'
import { EventLoopDelay } from './event-loop.ts'
import type { RelayWatch } from './gauges.ts'
import { History } from './history.ts'
import { prometheusText } from './prometheus.ts'
import { Recorder } from './recorder.ts'
import { statsOf } from './stats.ts'
import { STATUS_POLICY, statusPage } from './status-page.ts'

const PROBE_WITHIN_MS = 2_000

export interface OperatorPortParts {
  /** `127.0.0.1:4002`; port 0 is a free one. */
  readonly listen: string
  readonly meter: Meter
  readonly watch: RelayWatch
  readonly now: () => number
}

export interface OperatorPort {
  /** `http://127.0.0.1:4002` */
  readonly url: string
  readonly recorder: Recorder
  stop(): Promise<void>
}

/** @throws ConfigError when the port is taken */
export async function startOperatorPort(parts: OperatorPortParts): Promise<OperatorPort> {
  const { meter, watch, now } = parts
  const history = new History()
  const loopDelay = new EventLoopDelay()
  const recorder = new Recorder({ meter, history, loopDelay, gauges: () => watch.gauges(), now })
  const app = fastify({ logger: false, forceCloseConnections: 'idle' })
  guard(app)
  addHealth(app, watch)
  addPages(app, parts, { history, recorder, startedAtMs: now() })
  const url = await listen(app, parts.listen)
  loopDelay.start()
  recorder.start()
  return {
    url,
    recorder,
    stop: async () => {
      recorder.stop()
      loopDelay.stop()
      await app.close()
    },
  }
}

/** A page elsewhere whose name was pointed at this machine must not read it: only loopback's own names are answered. */
function guard(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    if (/^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/.test(request.headers.host ?? '')) return
    await reply.code(421).type('text/plain').send('This port answers to its loopback names only.\n')
  })
  app.addHook('onSend', async (_request, reply) => {
    reply.headers({
      'cache-control': 'no-store',
      'content-security-policy': STATUS_POLICY,
      'cross-origin-resource-policy': 'same-origin',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
  })
}

function addHealth(app: FastifyInstance, watch: RelayWatch): void {
  /** The process lives and its store answers. */
  app.get('/healthz', async (_request, reply) => {
    try {
      await within(watch.probe(), PROBE_WITHIN_MS)
      return { healthy: true }
    } catch {
      return reply.code(503).send({ healthy: false, reason: 'store' })
    }
  })
  /** It takes new work: false as soon as it is told to stop. */
  app.get('/readyz', async (_request, reply) => {
    const ready = watch.state === 'running'
    return reply.code(ready ? 200 : 503).send({ ready, state: watch.state })
  })
}

async function within(work: Promise<void>, timeoutMs: number): Promise<void> {
  const late = AbortSignal.timeout(timeoutMs)
  await Promise.race([
    work,
    new Promise<never>((_resolve, reject) => {
      late.addEventListener('abort', () => {
        reject(new Error('no answer in time'))
      })
    }),
  ])
}

interface Kept {
  readonly history: History
  readonly recorder: Recorder
  readonly startedAtMs: number
}

function addPages(app: FastifyInstance, { meter, watch, now }: OperatorPortParts, kept: Kept): void {
  const metrics = prometheusText(meter, () => watch.gauges())
  const current = () => ({
    ...{ meter, state: watch.state, gauges: watch.gauges(), lastMinute: kept.recorder.lastMinute },
    ...{ startedAtMs: kept.startedAtMs, nowMs: now() },
  })
  app.get('/', (request, reply: FastifyReply) => {
    const refreshes = request.url.endsWith('?refresh')
    return reply.type('text/html; charset=utf-8').send(statusPage({ ...current(), history: kept.history, refreshes }))
  })
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
  app.get('/stats.json', () => statsOf(current()))
}

async function listen(app: FastifyInstance, address: string): Promise<string> {
  const [, host = '', port = '0'] = /^(.*):(\d+)$/.exec(address) ?? []
  try {
    return await app.listen({ host: host.replace(/^\[|\]$/g, ''), port: Number(port) })
  } catch (cause) {
    const sentence = `The operator's port ${address} cannot be listened on: another program may hold it. Choose another in operator.listen, or "off".`
    throw new ConfigError(sentence, { cause })
  }
}
