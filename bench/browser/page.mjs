// The page: all runtimes in it, in turns; what came of it goes back to the command that opened it.
import { measure } from '../lib/measure.mjs'
import { create } from '../peers/convlet.mjs'
import * as ort from '../peers/ort.mjs'
import * as tfjs from '../peers/tfjs.mjs'

const convlet = build => ({ name: `convlet ${build}`, create, build })

async function result() {
  const { rounds, batch } = Object.fromEntries(new URLSearchParams(location.search))
  const onnx = new Uint8Array(await (await fetch('/model.onnx')).arrayBuffer())
  const runtimes = [convlet('simd'), convlet('relaxed'), ort, tfjs]
  const measured = await measure(onnx, runtimes, { rounds: Number(rounds), batch: Number(batch) })
  return { ...measured, browser: navigator.userAgent.match(/Chrome\/[\d.]+/)?.[0] }
}

const answer = await result().catch(error => ({ failed: `${error.stack ?? error}` }))
await fetch('/result', { method: 'POST', body: JSON.stringify(answer) })
