import type { Score } from './brain.js'
import { make, percent } from './dom.js'

/** Shows probabilities as bars, in the order that they come in. The same list shows other classes when they change. */
export const bars = (list: HTMLElement) => {
  let shown = ''
  const build = (scores: readonly Score[]) => {
    const rows = scores.map(({ label }) =>
      make(
        'li',
        {},
        {},
        make('span', { className: 'label', textContent: label, title: label }),
        make('span', { className: 'track' }, {}, make('span', { className: 'fill' })),
        make('span', { className: 'value' }),
      ),
    )
    list.replaceChildren(...rows)
    list.style.setProperty('--count', `${scores.length}`)
    list.style.setProperty('--longest', `${Math.max(...scores.map(({ label }) => label.length))}`)
  }
  return {
    show: (scores: readonly Score[], isEmpty = false): void => {
      const names = JSON.stringify(scores.map(({ label }) => label))
      if (names !== shown) build(scores)
      shown = names
      const most = Math.max(...scores.map(({ probability }) => probability))
      for (const [i, { probability }] of scores.entries()) {
        const row = list.children[i] as HTMLElement
        row.style.setProperty('--p', probability.toFixed(4))
        row.toggleAttribute('data-best', !isEmpty && probability === most)
        row.querySelector('.value')!.textContent = isEmpty ? '' : percent(probability)
      }
    },
  }
}

/** What is drawn as the network gets it. */
export const showGlyph = (canvas: HTMLCanvasElement, glyph: Uint8Array | undefined): void => {
  const context = canvas.getContext('2d')!
  const image = context.createImageData(canvas.width, canvas.height)
  for (let i = 0; i < image.data.length; i++) image.data[i] = i % 4 === 3 ? 255 : (glyph?.[i >> 2] ?? 0)
  context.putImageData(image, 0, 0)
}
