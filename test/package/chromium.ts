// Chromium over its debugging pipe: pages as users open them, without another package.
import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { chromiumFlags, chromiumPath } from '../../scripts/chromium.mjs'

const TIMEOUT = 60_000
// A script that waits at its top level has not come to its end when the page has loaded.
const ANSWER = `(async () => {
  for (let i = 0; i < 100 && globalThis.answer === undefined; i++) await new Promise(resolve => setTimeout(resolve, 50))
  return globalThis.answer
})()`

interface Message {
  readonly id?: number
  readonly method?: string
  readonly sessionId?: string
  // biome-ignore lint/suspicious/noExplicitAny: the protocol's answers differ by method
  readonly params?: any
  // biome-ignore lint/suspicious/noExplicitAny: the same
  readonly result?: any
  readonly error?: { readonly message: string }
}

export interface Chromium {
  /**
   * Opens a page, waits until it has loaded and gives what its `globalThis.answer` resolves to. Throws with all that the page complained
   * of, but for what was to be.
   */
  readonly answer: (url: string, expected?: RegExp) => Promise<unknown>
  readonly close: () => Promise<void>
}

export const chromium = async (): Promise<Chromium> => {
  const profile = mkdtempSync(join(tmpdir(), 'convlet-chromium-'))
  const child = spawn(chromiumPath!, [...chromiumFlags, '--remote-debugging-pipe', `--user-data-dir=${profile}`], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
  })
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  const input = child.stdio[3] as Writable
  const output = child.stdio[4] as Readable
  const waiting = new Map<number, (message: Message) => void>()
  const listeners = new Set<(message: Message) => void>()
  let [sent, rest] = [0, '']
  output.setEncoding('utf8').on('data', (text: string) => {
    const messages = (rest + text).split('\0')
    rest = messages.pop()!
    for (const message of messages.map(json => JSON.parse(json) as Message)) {
      if (message.id === undefined) for (const listen of listeners) listen(message)
      else waiting.get(message.id)?.(message)
    }
  })
  const send = (method: string, params: object, sessionId?: string) =>
    new Promise<Message['result']>((resolve, reject) => {
      const id = ++sent
      const late = setTimeout(() => reject(new Error(`${method}: no answer from Chromium`)), TIMEOUT)
      waiting.set(id, ({ result, error }) => {
        clearTimeout(late)
        waiting.delete(id)
        if (error) reject(new Error(`${method}: ${error.message}`))
        else resolve(result)
      })
      input.write(`${JSON.stringify({ id, method, params, sessionId })}\0`)
    })

  const answer = async (url: string, expected?: RegExp): Promise<unknown> => {
    const { targetId } = await send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await send('Target.attachToTarget', { targetId, flatten: true })
    const complaints: string[] = []
    let loaded = () => {}
    const load = new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`${url} does not load: ${complaints.join('; ')}`)), TIMEOUT)
      loaded = () => {
        clearTimeout(late)
        resolve()
      }
    })
    const listen = ({ method, params, sessionId: from }: Message) => {
      if (from !== sessionId) return
      if (method === 'Page.loadEventFired') loaded()
      if (method === 'Log.entryAdded' && params.entry.level === 'error' && !expected?.test(params.entry.text))
        complaints.push(`${params.entry.text} ${params.entry.url ?? ''}`)
      if (method === 'Runtime.exceptionThrown') complaints.push(params.exceptionDetails.exception?.description)
    }
    listeners.add(listen)
    try {
      for (const domain of ['Page', 'Log', 'Runtime']) await send(`${domain}.enable`, {}, sessionId)
      await send('Page.navigate', { url }, sessionId)
      await load
      const { result, exceptionDetails } = await send(
        'Runtime.evaluate',
        { expression: ANSWER, awaitPromise: true, returnByValue: true },
        sessionId,
      )
      if (exceptionDetails) complaints.push(exceptionDetails.exception?.description ?? exceptionDetails.text)
      if (result.value === undefined || complaints.length > 0)
        throw new Error(`${url}: ${complaints.join('; ') || 'the page gave no answer'}`)
      return result.value
    } finally {
      listeners.delete(listen)
      await send('Target.closeTarget', { targetId })
    }
  }
  const close = async () => {
    send('Browser.close', {}).catch(() => undefined)
    await ended
    rmSync(profile, { recursive: true, force: true })
  }
  return { answer, close }
}
