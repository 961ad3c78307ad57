// Teach: five drawings of each symbol, training in the worker, the result kept, downloaded, loaded again.
import { proxy, type Remote, transfer } from 'comlink'
import type { About, Brain, Taught } from './brain.js'
import { lossChart } from './chart.js'
import { byId, messageOf } from './dom.js'
import { glyph, SIZE } from './glyph.js'
import { pad } from './pad.js'
import { EXAMPLES, lessonBook } from './signs.js'
import { forget, keep, kept } from './store.js'

interface Around {
  readonly complain: (message: string) => void
  /** The taught network, or none any more; one that is new is used at once. */
  readonly set: (about: About | undefined, isNew: boolean) => void
  /** To the other view, with it. */
  readonly tryIt: () => void
}

export const teachView = async (brain: Remote<Brain>, { complain, set, tryIt }: Around) => {
  const [course, stop, button, add] = [
    byId('course', HTMLElement),
    byId('stop', HTMLButtonElement),
    byId('teach', HTMLButtonElement),
    byId('keep', HTMLButtonElement),
  ]
  const status = byId('missing', HTMLElement)
  const progress = byId('progress', HTMLProgressElement)
  const loss = byId('loss', HTMLElement)
  const link = byId('download', HTMLAnchorElement)
  const chart = lossChart(loss)
  let busy = false

  /** What goes wrong in keeping is no reason to stop. */
  const tryKeeping = (work: Promise<void>) =>
    work.catch(error => complain(`This browser keeps nothing of this page: ${messageOf(error)}`))

  const book = lessonBook(byId('signs', HTMLElement), (await kept('signs').catch(() => undefined)) ?? [], () => {
    void tryKeeping(keep('signs', book.signs))
    refresh()
  })
  const slate = pad(byId('slate', HTMLCanvasElement), () => refresh())
  /** What is to be done on the empty sheet. */
  const hint = () => {
    const { current, missing } = book
    const name = current.name.trim() || 'symbol'
    const draw = current.examples.length < EXAMPLES ? `Draw “${name}”` : `Five of “${name}”, that will do.`
    const done = status.dataset.result === 'learned' ? 'Learned. Draw with it.' : 'All drawn: teach it.'
    byId('wanted', HTMLElement).textContent = missing ? draw : busy ? 'Learning …' : done
  }
  const refresh = () => {
    const { current, missing } = book
    const full = current.examples.length >= EXAMPLES
    hint()
    add.textContent = full ? 'Add' : `Add ${current.examples.length + 1} of ${EXAMPLES}`
    add.disabled = busy || full || slate.strokes.length === 0
    button.disabled = busy || missing !== ''
    byId('more', HTMLButtonElement).disabled = busy || !book.hasRoom
    if (!busy && missing) status.textContent = missing
    else if (!busy && !status.dataset.result) status.textContent = 'Ready to be taught.'
  }
  /** What came of something stays until the next example is added. */
  const say = (text: string, result?: 'learned' | 'other') => {
    status.textContent = text
    if (result) status.dataset.result = result
    else delete status.dataset.result
    hint()
  }

  const addExample = () => {
    if (add.disabled) return
    delete status.dataset.result
    book.add(slate.strokes.map(stroke => [...stroke]))
    slate.clear()
  }
  add.addEventListener('click', addExample)
  byId('slate', HTMLCanvasElement).addEventListener('keydown', ({ key }) => key === 'Enter' && addExample())
  byId('slate-clear', HTMLButtonElement).addEventListener('click', slate.clear)
  byId('slate-undo', HTMLButtonElement).addEventListener('click', slate.undo)
  byId('more', HTMLButtonElement).addEventListener('click', book.another)

  const showOwn = (there: boolean) => {
    for (const id of ['try', 'download', 'forget']) byId(id, HTMLElement).hidden = !there
    button.textContent = there ? 'Teach again' : 'Teach'
    button.classList.toggle('strong', !there)
  }
  /** A network of one's own is there: by teaching, from a file, or from the last visit. */
  const adopt = async (file: Blob | Uint8Array<ArrayBuffer>, isNew = true): Promise<About> => {
    const about = await brain.open('yours', file)
    URL.revokeObjectURL(link.href)
    link.href = URL.createObjectURL(new Blob([file], { type: 'application/octet-stream' }))
    showOwn(true)
    set(about, isNew)
    return about
  }
  const remember = async (model: Uint8Array<ArrayBuffer>) => {
    await tryKeeping(keep('model', model))
    // Browsers clear away what nobody asked them to keep; some ask the visitor first, and take their time.
    void navigator.storage?.persist?.().catch(() => false)
  }

  const report = ({ steps, seconds, right, stopped }: Taught, count: number) => {
    const [from, to] = chart.ends()
    loss.setAttribute('aria-label', `The loss went from ${from.toFixed(2)} to ${to.toFixed(3)} in ${steps} steps`)
    const took = `${steps} steps in ${seconds.toFixed(1)} s`
    say(`${stopped ? 'Stopped after' : 'Learned in'} ${took}: ${right} of your ${count} drawings right.`, 'learned')
  }
  const teach = async () => {
    const { signs } = book
    const drawings = signs.flatMap(({ examples }, label) =>
      examples.map(strokes => ({ label, image: glyph(strokes)! })),
    )
    const images = new Uint8Array(drawings.length * SIZE * SIZE)
    for (const [i, { image }] of drawings.entries()) images.set(image, i * SIZE * SIZE)
    const labels = drawings.map(({ label }) => label)
    const names = signs.map(({ name }) => name.trim())
    let [done, begun] = [0, false]
    const onProgress = proxy(({ steps, losses }: { readonly steps: number; readonly losses: readonly number[] }) => {
      if (!begun) chart.begin(steps)
      begun = true
      chart.add(losses)
      done += losses.length
      progress.value = done / steps
    })
    const lesson = transfer({ images, labels, names }, [images.buffer])
    const taught = await brain.teach(lesson, onProgress)
    await adopt(taught.file)
    report(taught, drawings.length)
    await remember(taught.file)
  }
  const setBusy = (now: boolean) => {
    busy = now
    button.hidden = now
    stop.hidden = !now
    progress.hidden = !now
    refresh()
  }
  button.addEventListener('click', async () => {
    complain('')
    course.hidden = false
    progress.value = 0
    say('Training …')
    setBusy(true)
    course.scrollIntoView({ block: 'nearest' })
    try {
      await teach()
    } catch (error) {
      say('')
      complain(messageOf(error))
    } finally {
      setBusy(false)
    }
    // On a phone what can be done with it is below.
    byId('own', HTMLElement).scrollIntoView({ block: 'nearest' })
  })
  stop.addEventListener('click', () => void brain.stop())

  byId('try', HTMLButtonElement).addEventListener('click', tryIt)
  byId('forget', HTMLButtonElement).addEventListener('click', async () => {
    await tryKeeping(forget('model'))
    showOwn(false)
    say('Forgotten. Your drawings are still here.', 'other')
    set(undefined, false)
  })
  byId('load', HTMLInputElement).addEventListener('change', async ({ target }) => {
    const input = target as HTMLInputElement
    const [file] = input.files ?? []
    if (!file) return
    complain('')
    try {
      const { labels, classes } = await adopt(file)
      say(`Loaded ${file.name}: ${labels?.join(', ') ?? `${classes} classes`}.`, 'other')
      await remember(new Uint8Array(await file.arrayBuffer()))
    } catch (error) {
      complain(`${file.name}: ${messageOf(error)}`)
    }
    // So that the same file can be chosen again.
    input.value = ''
  })

  refresh()
  const model = await kept('model').catch(() => undefined)
  if (model)
    await adopt(model, false).catch(error => complain(`The network kept from your last visit: ${messageOf(error)}`))
}
