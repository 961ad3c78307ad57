// A client of the Worker, and what it may expect.
import { readFileSync } from 'node:fs'
import type { uvu } from 'uvu'
import * as assert from 'uvu/assert'
import { assets, bundle, isInstalled, type Running, start } from './miniflare.js'

export const MB = 2 ** 20
export const png = (digit: number): Buffer<ArrayBuffer> => readFileSync(`models/lenet5/digits/${digit}.png`)

export interface Answer {
  readonly model: string
  readonly image: { readonly width: number; readonly height: number }
  readonly predictions: readonly { readonly label: string; readonly index: number; readonly probability: number }[]
}

interface Health {
  readonly status: string
  readonly model: object
  readonly memory: { readonly model: { readonly total: number }; readonly bodies: number; readonly decoders: number }
  readonly limits: object
}

/** Checks that it is an error as clients of the Worker know them, and gives its message. */
export const refused = async (response: Response, status: number, code: string): Promise<string> => {
  const text = await response.text()
  assert.is(response.status, status, text)
  assert.match(response.headers.get('content-type')!, /^application\/json/)
  const { error, ...rest } = JSON.parse(text)
  assert.equal(rest, {})
  assert.equal(Object.keys(error), ['code', 'message'])
  assert.is(error.code, code)
  return error.message
}

export const client = ({ fetch, url, bucket }: Running) => {
  const post = (body: Uint8Array | string, init: RequestInit = {}) =>
    fetch('/', { method: 'POST', body: body as BodyInit, ...init })
  /** What a picture is taken for; it must succeed. */
  const classified = async (body: Uint8Array): Promise<Answer> => {
    const response = await post(body)
    assert.is(response.status, 200, await response.clone().text())
    return (await response.json()) as Answer
  }
  const label = async (body: Uint8Array): Promise<string> => (await classified(body)).predictions[0]!.label
  const health = async (): Promise<Health> => (await (await fetch('/health')).json()) as Health
  return { fetch, url, bucket, post, classified, label, health }
}

export type Client = ReturnType<typeof client>

let bundled: string | undefined

/**
 * The Worker with LeNet-5 for the time of a suite, under `app`; `inWorker` adds a test, which is skipped where the example's packages
 * are not installed. `running` starts another one, with other bindings, assets or options of miniflare, for one action.
 */
export const worker = (test: uvu.Test<unknown>, name: string) => {
  const state = { app: undefined as unknown as Client, folder: '', said: '' }
  if (!isInstalled)
    console.log(`skipped: the Worker (${name}), its packages are not installed (npm ci --prefix examples/worker)`)
  let running: Running | undefined
  test.before(async () => {
    if (!isInstalled) return
    state.folder = assets(name, '100KiB')
    state.said = bundled ??= bundle(state.folder)
    running = await start(state.folder)
    state.app = client(running)
  })
  test.after(() => running?.close())
  const another = async (
    use: (to: Client) => Promise<void>,
    bindings = {},
    from = state.folder,
    options = {},
    more = '',
  ) => {
    const other = await start(from, bindings, options, more)
    try {
      await use(client(other))
    } finally {
      await other.close()
    }
  }
  return { own: state, running: another, inWorker: isInstalled ? test : test.skip }
}

export { assets }
