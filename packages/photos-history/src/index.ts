export { type BegunRead, type Bounds, History } from './history.js'
