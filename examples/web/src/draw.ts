// Draw and read: each change of the drawing is read while the hand still moves.
import { type Remote, transfer } from 'comlink'
import { bars, showGlyph } from './bars.js'
import type { About, Answer, Brain, Score, Which } from './brain.js'
import { demonstrate } from './demo.js'
import { byId, latest, messageOf, milliseconds, percent } from './dom.js'
import { glyph, type Stroke } from './glyph.js'
import { pad } from './pad.js'

/** Milliseconds of rest after which the answer is said aloud. */
const REST = 600

export const drawView = (brain: Remote<Brain>, complain: (message: string) => void) => {
  const [answer, sure, time] = ['answer', 'sure', 'time'].map(id => byId(id, HTMLElement)) as [
    HTMLElement,
    HTMLElement,
    HTMLElement,
  ]
  const seen = byId('seen', HTMLCanvasElement)
  const spoken = byId('spoken', HTMLElement)
  const yours = byId('use-yours', HTMLInputElement)
  const digits = byId('use-digits', HTMLInputElement)
  const scores = bars(byId('bars', HTMLElement))
  const known: Partial<Record<Which, About>> = {}
  let which: Which = 'digits'
  let timer: ReturnType<typeof setTimeout> | undefined

  const nothing = (): readonly Score[] => {
    const { labels = [], classes = 0 } = known[which] ?? {}
    return Array.from({ length: Math.min(10, classes) }, (_, i) => ({ label: labels[i] ?? `${i}`, probability: 0 }))
  }
  const show = (found: Answer | undefined) => {
    const best = found?.scores.toSorted((a, b) => b.probability - a.probability)[0]
    answer.textContent = best?.label ?? ''
    const { length = 0 } = best?.label ?? ''
    answer.toggleAttribute('data-long', length > 2)
    answer.style.setProperty('--length', `${length}`)
    sure.textContent = best ? percent(best.probability) : ''
    time.textContent = found ? milliseconds(found.milliseconds) : ''
    scores.show(found?.scores ?? nothing(), !found)
    clearTimeout(timer)
    timer = setTimeout(() => {
      spoken.textContent = best ? `${best.label}, ${percent(best.probability)}` : ''
    }, REST)
  }

  const result = byId('result', HTMLElement)
  const read = latest<readonly Stroke[]>(async strokes => {
    const image = glyph(strokes)
    showGlyph(seen, image)
    if (!image || !known[which]) return show(undefined)
    result.setAttribute('aria-busy', 'true')
    try {
      show(await brain.read(which, transfer(image, [image.buffer])))
    } catch (error) {
      complain(messageOf(error))
    }
    result.setAttribute('aria-busy', 'false')
  })
  const sheet = pad(byId('pad', HTMLCanvasElement), read)
  byId('clear', HTMLButtonElement).addEventListener('click', sheet.clear)
  byId('undo', HTMLButtonElement).addEventListener('click', sheet.undo)

  const use = (chosen: Which) => {
    which = chosen
    yours.checked = chosen === 'yours'
    digits.checked = chosen === 'digits'
    const { labels = [] } = known.yours ?? {}
    const named = labels.length > 0 && labels.length <= 10
    const choice = named ? new Intl.ListFormat('en', { type: 'disjunction' }).format(labels) : 'anything'
    byId('hint', HTMLElement).textContent = chosen === 'digits' ? 'Draw a digit' : `Draw ${choice}`
    read(sheet.strokes)
  }
  for (const choice of [digits, yours])
    choice.addEventListener('change', () => use(choice === yours ? 'yours' : 'digits'))

  return {
    /** A network is there, or (`undefined`) no more; one that was just taught is used at once. */
    set: (network: 'digits' | 'yours', about: About | undefined): void => {
      if (about) known[network] = about
      else delete known[network]
      if (network === 'yours') {
        yours.disabled = !about
        byId('yours-label', HTMLElement).textContent = about ? `Yours (${about.classes})` : 'Yours'
      }
      use(about ? which : 'digits')
    },
    use,
    clear: sheet.clear,
    /** Shows a visitor what happens here. */
    demonstrate: () => demonstrate(sheet),
  }
}
