// Any convlet file and any image, dropped anywhere on the page or picked.
import type { Remote } from 'comlink'
import { bars } from './bars.js'
import type { About, Brain, Which } from './brain.js'
import { byId, kilobytes, latest, make, messageOf, milliseconds } from './dom.js'

const WANTED = 'An image, please: its five best classes will be here.'

const count = (n: number) =>
  n < 1e3 ? `${n}` : n < 1e6 ? `${(n / 1e3).toFixed(1)} K` : `${(n / 1e6).toFixed(1)} million`

const factsOf = (name: string, { shape, classes, labels, layers, parameters, memory, build }: About) => [
  ['network', name],
  ['input', shape.join(' × ')],
  ['classes', `${classes}${labels ? '' : ', without names'}`],
  ['size', `${layers} layers, ${count(parameters)} parameters`],
  ['memory', kilobytes(memory)],
  ['kernels', build === 'relaxed' ? 'relaxed SIMD' : 'SIMD'],
]

interface Around {
  readonly complain: (message: string) => void
  /** Something was dropped: this view should be seen. */
  readonly show: () => void
}

export const filesView = (brain: Remote<Brain>, { complain, show }: Around) => {
  const picture = byId('picture', HTMLImageElement)
  const time = byId('look-time', HTMLElement)
  const invert = byId('invert', HTMLInputElement)
  const scores = bars(byId('top', HTMLElement))
  let which: Which = 'digits'
  let image: Blob | undefined

  const describe = (name: string, about: About) => {
    const rows = factsOf(name, about).map(([term, text]) =>
      make('div', {}, {}, make('dt', {}, {}, term!), make('dd', {}, {}, text!)),
    )
    byId('facts', HTMLElement).replaceChildren(...rows)
  }
  // One at a time: a small image would overtake the large one before it.
  const look = latest<Blob | undefined>(async looked => {
    if (!looked) return
    time.textContent = 'Looking …'
    try {
      const answer = await brain.look(which, looked, invert.checked)
      scores.show(answer.scores)
      time.textContent = `${milliseconds(answer.milliseconds)} from pixels to probabilities`
    } catch (error) {
      if (image === looked) image = undefined
      scores.show([])
      time.textContent = WANTED
      complain(messageOf(error))
    }
  })
  const openNetwork = async (file: File) => {
    time.textContent = 'Loading …'
    try {
      describe(file.name, await brain.open('dropped', file))
      which = 'dropped'
      scores.show([])
      time.textContent = image ? '' : WANTED
    } catch (error) {
      time.textContent = image ? '' : WANTED
      complain(`${file.name}: ${messageOf(error)}`)
    }
  }
  const openImage = (file: File) => {
    image = file
    URL.revokeObjectURL(picture.src)
    picture.src = URL.createObjectURL(file)
    picture.alt = file.name
    picture.hidden = false
    byId('drop-hint', HTMLElement).hidden = true
  }
  /** Networks first: the image is then looked at by the new one. */
  const take = async (files: readonly File[]) => {
    complain('')
    const images = files.filter(({ type }) => type.startsWith('image/'))
    for (const file of files.filter(file => !images.includes(file)).slice(0, 1)) await openNetwork(file)
    for (const file of images.slice(0, 1)) openImage(file)
    look(image)
  }

  picture.addEventListener('load', () => picture.toggleAttribute('data-small', picture.naturalWidth < 256))
  picture.addEventListener('error', () => {
    // What cannot be shown was no image: looking at it says so.
    picture.hidden = true
    byId('drop-hint', HTMLElement).hidden = false
  })
  for (const id of ['pick-network', 'pick-image'])
    byId(id, HTMLInputElement).addEventListener('change', async ({ target }) => {
      const input = target as HTMLInputElement
      const files = [...(input.files ?? [])]
      input.value = ''
      await take(files)
    })
  invert.addEventListener('change', () => look(image))

  let inside = 0
  const mark = () => document.body.toggleAttribute('data-drop', inside > 0)
  const hasFiles = ({ dataTransfer }: DragEvent) => dataTransfer?.types.includes('Files') ?? false
  addEventListener('dragenter', event => {
    if (!hasFiles(event)) return
    inside++
    show()
    mark()
  })
  addEventListener('dragleave', event => {
    if (!hasFiles(event)) return
    inside = Math.max(0, inside - 1)
    mark()
  })
  addEventListener('dragover', event => hasFiles(event) && event.preventDefault())
  addEventListener('drop', event => {
    if (!hasFiles(event)) return
    event.preventDefault()
    inside = 0
    mark()
    show()
    void take([...event.dataTransfer!.files])
  })

  return {
    /** The shipped network is there. */
    set: (about: About): void => {
      if (which !== 'digits') return
      describe('LeNet-5, the one that reads digits', about)
      if (!image) time.textContent = WANTED
    },
  }
}
