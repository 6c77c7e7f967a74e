/** Other servers from Debian's packages, each with TLS and otherwise as it comes: nothing is flushed that would not be. */
import { mkdir, writeFile } from 'node:fs/promises'
import { existsSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { LineProcess } from '../main/testing/line-process.ts'
import { run } from '../scripts/run.ts'
import { openTcp } from './relay-peer-socket.ts'

const STARTS_WITHIN_MS = 30_000

export interface Peer {
  readonly name: string
  /** The load that speaks its protocol. */
  readonly load: string
  readonly port: number
  stop(): Promise<void>
}

interface Place {
  readonly dir: string
  readonly port: number
  /** PEM files. */
  readonly key: string
  readonly certificate: string
  /** Both in one. */
  readonly both: string
}

interface PeerKind {
  readonly name: string
  readonly load: string
  readonly program: string
  /** Writes its configuration; returns its arguments. */
  configure(place: Place): Promise<readonly string[]>
}

const EJABBERD_LIBS = '/usr/lib/x86_64-linux-gnu'

const KINDS: readonly PeerKind[] = [
  {
    name: 'nats',
    load: 'nats',
    program: '/usr/sbin/nats-server',
    configure: async ({ dir, port, key, certificate }) => {
      const config = join(dir, 'nats.conf')
      await writeFile(
        config,
        `listen: "127.0.0.1:${port}"\ntls { cert_file: "${certificate}", key_file: "${key}" }\n` +
          `jetstream { store_dir: "${dir}" }\n`,
      )
      return ['-c', config]
    },
  },
  {
    name: 'mosquitto',
    load: 'mqtt',
    program: '/usr/sbin/mosquitto',
    configure: async ({ dir, port, key, certificate }) => {
      const config = join(dir, 'mosquitto.conf')
      await writeFile(
        config,
        `user root\nlistener ${port} 127.0.0.1\ncertfile ${certificate}\nkeyfile ${key}\nallow_anonymous true\n` +
          `persistence true\npersistence_location ${dir}/\nlog_type error\n`,
      )
      return ['-c', config]
    },
  },
  {
    name: 'ejabberd',
    load: 'xmpp',
    program: '/usr/bin/erl',
    configure: async ({ dir, port, both }) => {
      const config = join(dir, 'ejabberd.yml')
      await writeFile(
        config,
        `hosts: [localhost]\nloglevel: error\ncertfiles: ["${both}"]\nauth_method: internal\nregistration_timeout: infinity\n` +
          `listen:\n  - {port: ${port}, ip: "127.0.0.1", module: ejabberd_c2s, starttls_required: true, shaper: none, access: all}\n` +
          `modules:\n  mod_offline: {access_max_user_messages: max_offline}\n  mod_register: {}\n  mod_stream_mgmt: {}\n` +
          `shaper_rules:\n  max_offline: 5000\n`,
      )
      return ['-noinput', '-mnesia', 'dir', `"${join(dir, 'mnesia')}"`, '-s', 'ejabberd']
    },
  },
  {
    name: 'prosody',
    load: 'xmpp',
    program: '/usr/bin/prosody',
    configure: async ({ dir, port, key, certificate }) => {
      const config = join(dir, 'prosody.cfg.lua')
      await writeFile(
        config,
        `run_as_root = true\npidfile = "${dir}/pid"\ndata_path = "${dir}/data"\nlog = { error = "${dir}/log" }\n` +
          `modules_enabled = { "tls", "saslauth", "offline", "smacks", "register_ibr" }\nallow_registration = true\n` +
          `c2s_ports = { ${port} }\nc2s_interfaces = { "127.0.0.1" }\nc2s_direct_tls_ports = {}\ns2s_ports = {}\n` +
          `c2s_require_encryption = true\nauthentication = "internal_plain"\nstorage = "internal"\n` +
          `ssl = { key = "${key}", certificate = "${certificate}" }\nVirtualHost "localhost"\n`,
      )
      await mkdir(join(dir, 'data'), { recursive: true })
      return ['-F', '--config', config]
    },
  },
]

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => {
        resolve(typeof address === 'object' && address !== null ? address.port : 0)
      })
    })
  })

const answers = async (port: number): Promise<void> => {
  const untilMs = performance.now() + STARTS_WITHIN_MS
  for (;;) {
    try {
      ;(await openTcp(port)).destroy()
      return
    } catch (error) {
      if (performance.now() > untilMs) throw error
      await wait(100)
    }
  }
}

const makeCertificate = async (dir: string): Promise<Pick<Place, 'key' | 'certificate' | 'both'>> => {
  const [key, certificate, both] = [join(dir, 'key.pem'), join(dir, 'cert.pem'), join(dir, 'both.pem')]
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const files = [
    '-subj',
    '/CN=localhost',
    '-addext',
    'subjectAltName=DNS:localhost',
    '-keyout',
    key,
    '-out',
    certificate,
  ]
  const { code, output } = await run('openssl', [...request, ...files], { output: 'collect' })
  if (code !== 0) throw new Error(output)
  await run('sh', ['-c', `cat "${certificate}" "${key}" > "${both}"`])
  return { key, certificate, both }
}

/** Those that are installed run when this resolves; the others are told with why. */
export const startPeers = async (
  workDir: string,
): Promise<{ readonly peers: readonly Peer[]; readonly missing: readonly { name: string; why: string }[] }> => {
  const pem = await makeCertificate(workDir)
  const peers: Peer[] = []
  const missing: { name: string; why: string }[] = []
  for (const kind of KINDS) {
    try {
      peers.push(await startPeer(kind, workDir, pem))
    } catch (error) {
      missing.push({ name: kind.name, why: error instanceof Error ? error.message : 'it does not start' })
    }
  }
  return { peers, missing }
}

const startPeer = async (
  kind: PeerKind,
  workDir: string,
  pem: Pick<Place, 'key' | 'certificate' | 'both'>,
): Promise<Peer> => {
  const installed = kind.name === 'ejabberd' ? existsSync('/usr/sbin/ejabberdctl') : existsSync(kind.program)
  if (!installed) throw new Error('it is not installed')
  const dir = join(workDir, kind.name)
  await mkdir(dir, { recursive: true })
  const port = await freePort()
  const args = await kind.configure({ dir, port, ...pem })
  const child = new LineProcess(kind.program, args, { ...process.env, ...environmentOf(kind, dir) })
  try {
    await Promise.race([
      answers(port),
      child.ended.then(() => Promise.reject(new Error(`it ended: ${child.errorText}`))),
    ])
  } catch (error) {
    await child.stop('SIGKILL')
    throw error
  }
  return { name: kind.name, load: kind.load, port, stop: () => child.stop('SIGKILL') }
}

/** ejabberd is a set of Erlang applications; its own script would change the user and start a daemon beside it. */
const environmentOf = ({ name }: PeerKind, dir: string): Readonly<Record<string, string>> =>
  name === 'ejabberd'
    ? {
        ERL_LIBS: EJABBERD_LIBS,
        EJABBERD_CONFIG_PATH: join(dir, 'ejabberd.yml'),
        EJABBERD_LOG_PATH: join(dir, 'ejabberd.log'),
      }
    : {}
