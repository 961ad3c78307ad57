// The list of symbols to teach, each with a name and thumbnails of its examples.
import { showGlyph } from './bars.js'
import { byId, make } from './dom.js'
import { glyph, SIZE, type Stroke } from './glyph.js'
import type { Sign } from './store.js'

export const EXAMPLES = 5
const [FEWEST, MOST] = [2, 10]
const FIRST = ['triangle', 'spiral']

const thumbnail = (strokes: readonly Stroke[]): HTMLCanvasElement => {
  const canvas = make('canvas', { width: SIZE, height: SIZE })
  showGlyph(canvas, glyph(strokes))
  return canvas
}

export interface LessonBook {
  readonly signs: Sign[]
  /** The symbol that the next drawing belongs to. */
  readonly current: Sign
  /** What is to be done before it can be taught; empty when it can. */
  readonly missing: string
  readonly hasRoom: boolean
  readonly add: (strokes: Stroke[]) => void
  readonly another: () => void
}

export const lessonBook = (list: HTMLElement, given: readonly Sign[], onChange: () => void): LessonBook => {
  const signs = given.length >= FEWEST ? [...given] : FIRST.map((name): Sign => ({ name, examples: [] }))
  const lacking = ({ examples }: Sign) => EXAMPLES - examples.length
  let current = signs.find(sign => lacking(sign) > 0) ?? signs[0]!

  const changed = () => {
    render()
    onChange()
  }
  const choose = (sign: Sign) => {
    current = sign
    for (const [i, row] of [...list.children].entries()) row.toggleAttribute('data-current', signs[i] === current)
    onChange()
  }

  const slot = (sign: Sign, i: number): HTMLElement => {
    const strokes = sign.examples[i]
    if (!strokes) return make('li', { className: 'slot' })
    const button = make('button', { type: 'button' }, { 'aria-label': `Delete drawing ${i + 1} of ${sign.name}` })
    button.append(thumbnail(strokes))
    button.addEventListener('click', () => {
      sign.examples.splice(i, 1)
      current = sign
      changed()
      byId('slate', HTMLElement).focus({ preventScroll: true })
    })
    return make('li', { className: 'slot' }, {}, button)
  }
  const row = (sign: Sign, number: number): HTMLElement => {
    const name = make(
      'input',
      { value: sign.name, maxLength: 20, placeholder: 'name', autocomplete: 'off', spellcheck: false },
      { 'aria-label': `Name of symbol ${number}` },
    )
    name.addEventListener('input', () => {
      sign.name = name.value
      onChange()
    })
    const remove = make(
      'button',
      { type: 'button', className: 'remove', textContent: '×' },
      { 'aria-label': `Remove ${sign.name || `symbol ${number}`}` },
    )
    remove.disabled = signs.length <= FEWEST
    remove.addEventListener('click', () => {
      signs.splice(signs.indexOf(sign), 1)
      if (current === sign) current = signs.find(left => lacking(left) > 0) ?? signs[0]!
      changed()
    })
    const slots = make('ul', { className: 'slots' })
    slots.append(...Array.from({ length: EXAMPLES }, (_, i) => slot(sign, i)))
    const item = make('li', { className: 'sign' }, {}, name, slots, remove)
    item.toggleAttribute('data-current', sign === current)
    item.addEventListener('focusin', () => choose(sign))
    item.addEventListener('pointerdown', () => choose(sign))
    return item
  }
  const render = () => list.replaceChildren(...signs.map((sign, i) => row(sign, i + 1)))
  render()

  return {
    signs,
    get current() {
      return current
    },
    get missing() {
      const names = signs.map(({ name }) => name.trim())
      const left = signs.reduce((sum, sign) => sum + lacking(sign), 0)
      if (names.includes('')) return 'Give every symbol a name.'
      if (new Set(names).size < names.length) return 'Give every symbol a name of its own.'
      return left > 0 ? `${left} more drawing${left > 1 ? 's' : ''} to go.` : ''
    },
    get hasRoom() {
      return signs.length < MOST
    },
    add: strokes => {
      current.examples.push(strokes)
      if (lacking(current) <= 0) current = signs.find(sign => lacking(sign) > 0) ?? current
      changed()
    },
    another: () => {
      current = { name: '', examples: [] }
      signs.push(current)
      changed()
      list.lastElementChild?.querySelector('input')?.focus()
    },
  }
}
