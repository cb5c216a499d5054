import type { Slot } from '../run/result.js'
import { METRICS, type MetricName } from './metrics.js'
import { mean, type Spread, spreadOf } from './robust.js'

/**
 * The order of the slots of a run: the controls, then the target, and so on, ending with the controls: B A B A B. So each slot
 * of the target has one of every control shortly before it and one shortly after.
 */
export function slotOrder(target: string, controls: readonly string[], rounds: number): string[] {
  const round = [...controls, target]
  return [...Array.from({ length: rounds }, () => round).flat(), ...controls]
}

/**
 * Target / control, once for each slot of the target: its figure over the mean of the control's just before and just after. A
 * machine whose speed drifts steadily slows both of those as much as the slot between them, so drift cancels out; absolute
 * figures keep it. undefined where the metric could not be measured.
 * @throws RangeError where a slot of the target has no neighbour
 */
export function ratiosOf(
  slots: readonly Slot[],
  target: string,
  control: string,
  metric: MetricName,
): Spread | undefined {
  const { of } = METRICS[metric]
  const ratios: number[] = []
  for (const [place, slot] of slots.entries()) {
    if (slot.subject !== target) continue
    const before = slots.slice(0, place).findLast(({ subject }) => subject === control)
    const after = slots.slice(place + 1).find(({ subject }) => subject === control)
    if (before === undefined || after === undefined)
      throw new RangeError(`${control} was not measured on both sides`)
    const [own, one, other] = [of(slot), of(before), of(after)]
    if (own === undefined || one === undefined || other === undefined) return undefined
    ratios.push(own / mean([one, other]))
  }
  return spreadOf(ratios)
}
