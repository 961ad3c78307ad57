import 'uplot/dist/uPlot.min.css'
import './style.css'
import { wrap } from 'comlink'
import { offline, startWorker } from '#place'
import type { About, Brain } from './brain.js'
import { byId, kilobytes, messageOf } from './dom.js'
import { drawView } from './draw.js'
import { filesView } from './files.js'
import { teachView } from './teach.js'

const VIEWS = ['draw', 'teach', 'files'] as const

const error = byId('error', HTMLElement)
const complain = (message: string): void => {
  error.hidden = message === ''
  error.firstElementChild!.textContent = message
}
error.lastElementChild!.addEventListener('click', () => complain(''))

const show = (): void => {
  const view = VIEWS.find(name => location.hash === `#${name}`) ?? 'draw'
  for (const name of VIEWS) {
    byId(`view-${name}`, HTMLElement).hidden = name !== view
    const link = document.querySelector(`nav a[href="#${name}"]`)!
    // By attributes throughout: Firefox has the properties only since 119.
    if (name === view) link.setAttribute('aria-current', 'page')
    else link.removeAttribute('aria-current')
  }
  complain('')
  scrollTo(0, 0)
}
addEventListener('hashchange', show)
show()

const worker = startWorker()
worker.addEventListener('error', ({ message }) => complain(`The worker does not start: ${message || 'is it blocked?'}`))
const brain = wrap<Brain>(worker)

const draw = drawView(brain, complain)
const files = filesView(brain, {
  complain,
  show: () => {
    location.hash = '#files'
  },
})
const teach = teachView(brain, {
  complain,
  set: (about, isNew) => {
    draw.set('yours', about)
    if (isNew) draw.use('yours')
  },
  tryIt: () => {
    draw.clear()
    draw.use('yours')
    location.hash = '#draw'
  },
})

const tell = ({ parameters, memory, build }: About): void => {
  byId('about', HTMLElement).textContent =
    `LeNet-5, ${(parameters / 1000).toFixed(1)} K parameters, ${kilobytes(memory)} of memory, ` +
    `one thread, ${build === 'relaxed' ? 'relaxed SIMD' : 'SIMD'}.`
}
const start = async (): Promise<void> => {
  try {
    const about = await brain.open('digits')
    draw.set('digits', about)
    files.set(about)
    tell(about)
    await teach
    document.documentElement.dataset.ready = 'yes'
    draw.demonstrate()
  } catch (reason) {
    complain(messageOf(reason))
  }
}
void start()

offline().then(
  text => {
    byId('offline', HTMLElement).textContent = text
  },
  // Without TLS, or where the visitor forbids it, the page works all the same while it is connected.
  () => undefined,
)
