/** XMPP clients of the relay benchmark: a mailbox is an account that is offline; senders ask for acknowledgements (XEP-0198). */
import type { Socket } from 'node:net'
import { WrongResult } from './harness.ts'
import { inGroups } from './relay-parley.ts'
import { Arrived, openTcp, toTls, windowed } from './relay-peer-socket.ts'
import { Arrivals, batchesOf, messageOf } from './relay-work.ts'
import type { Load, Timed, Work } from './relay-work.ts'

const DOMAIN = 'localhost'
const PASSWORD = 'benchmark'
const OPEN =
  `<?xml version='1.0'?><stream:stream to='${DOMAIN}' version='1.0' xmlns='jabber:client' ` +
  `xmlns:stream='http://etherx.jabber.org/streams'>`
const ASK_ACK = `<r xmlns='urn:xmpp:sm:3'/>`

class XmppClient {
  readonly socket: Socket
  readonly arrived: Arrived

  private constructor(socket: Socket) {
    this.socket = socket
    this.arrived = new Arrived(socket)
  }

  /** Encrypted, and nobody yet. */
  static async open(port: number): Promise<XmppClient> {
    const plain = await openTcp(port)
    const greeting = new XmppClient(plain)
    greeting.socket.write(OPEN)
    await greeting.arrived.until('</stream:features>')
    greeting.socket.write(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`)
    await greeting.arrived.until('<proceed')
    await greeting.arrived.until('>')
    plain.removeAllListeners('data')
    const client = new XmppClient(await toTls(plain))
    client.socket.write(OPEN)
    await client.arrived.until('</stream:features>')
    return client
  }

  async register(name: string): Promise<void> {
    const query = `<query xmlns='jabber:iq:register'><username>${name}</username><password>${PASSWORD}</password></query>`
    const answer = await this.ask(`<iq type='set' id='r1' to='${DOMAIN}'>${query}</iq>`)
    if (answer.includes('error')) throw new WrongResult(answer)
  }

  async login(name: string): Promise<void> {
    const secret = Buffer.from(`\0${name}\0${PASSWORD}`).toString('base64')
    this.socket.write(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${secret}</auth>`)
    await this.arrived.until('<success')
    await this.arrived.until('>')
    this.socket.write(OPEN)
    await this.arrived.until('</stream:features>')
    await this.ask(
      `<iq type='set' id='b1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>b</resource></bind></iq>`,
    )
  }

  async ask(stanza: string): Promise<string> {
    this.socket.write(stanza)
    const head = await this.arrived.until('>')
    return head.endsWith('/>') ? head : head + (await this.arrived.until('</iq>'))
  }

  close(): void {
    this.socket.end('</stream:stream>')
  }
}

const deposit = async (port: number, work: Work, index: number): Promise<() => Promise<void>> => {
  const client = await XmppClient.open(port)
  await client.login(`sender${index}`)
  client.socket.write(`<enable xmlns='urn:xmpp:sm:3'/>`)
  await client.arrived.until('<enabled')
  await client.arrived.until('>')
  const batches = batchesOf(work, index)
  const frames = batches.map((batch) =>
    batch
      .map(({ mailbox, number }) => {
        const body = Buffer.from(messageOf(work.round, mailbox, number)).toString('base64')
        return `<message to='owner${mailbox}@${DOMAIN}' type='chat'><body>${body}</body></message>`
      })
      .join(''),
  )
  return async () => {
    const window = windowed(batches, work.outstanding, (_, at) => client.socket.write(`${frames[at] ?? ''}${ASK_ACK}`))
    const total = batches.reduce((sum, batch) => sum + batch.length, 0)
    for (let handled = 0; handled < total;) {
      const stanza = await client.arrived.until('>')
      const count = Number(/<a\b[^>]*\bh=['"](\d+)['"]/.exec(stanza)?.[1] ?? handled)
      if (stanza.includes('error')) throw new WrongResult(stanza)
      window.answered(count - handled)
      handled = count
    }
    await window.done
    client.close()
  }
}

const drain = async (client: XmppClient, mailbox: number, work: Work): Promise<void> => {
  const arrivals = new Arrivals(work, mailbox)
  client.socket.write('<presence/>')
  while (!arrivals.complete) {
    await client.arrived.until('<body>')
    const body = await client.arrived.until('</body>')
    arrivals.take(Buffer.from(body.slice(0, -'</body>'.length), 'base64'))
  }
}

export const xmppLoad = async (at: string): Promise<Load> => {
  const port = Number(at)
  const owners = (work: Work): readonly number[] => Array.from({ length: work.mailboxes }, (_, index) => index)
  const senders = (work: Work): readonly number[] => Array.from({ length: work.connections }, (_, index) => index)
  return {
    prepare: async (work) => {
      const names = [...owners(work).map((index) => `owner${index}`), ...senders(work).map((index) => `sender${index}`)]
      for (const name of names) {
        const client = await XmppClient.open(port)
        await client.register(name)
        client.close()
      }
    },
    deposit: async (work): Promise<Timed> => {
      const runs = await inGroups(senders(work), (index) => deposit(port, work, index))
      const startedMs = performance.now()
      await Promise.all(runs.map((run) => run()))
      return { seconds: (performance.now() - startedMs) / 1000 }
    },
    drain: async (work): Promise<Timed> => {
      const clients = await inGroups(owners(work), async (mailbox) => {
        const client = await XmppClient.open(port)
        await client.login(`owner${mailbox}`)
        return client
      })
      const startedMs = performance.now()
      await Promise.all(clients.map((client, mailbox) => drain(client, mailbox, work)))
      const seconds = (performance.now() - startedMs) / 1000
      for (const client of clients) client.close()
      return { seconds }
    },
  }
}
