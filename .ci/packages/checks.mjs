/** Runs checks one after another, prints a line for each, and counts them. */
export class Checks {
  passed = 0
  failed = 0

  /** The result of the check; undefined when it threw, which is printed and counted as its failure. */
  async run(name, check) {
    const start = performance.now()
    try {
      const result = await check()
      this.passed++
      console.log(`ok      ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`)
      return result
    } catch (error) {
      this.failed++
      console.log(`FAILED  ${name}`)
      const text = error instanceof Error ? error.message : String(error)
      console.log(text.trimEnd().replaceAll(/^/gm, '        '))
      return undefined
    }
  }

  summarize() {
    console.log(`${this.passed} passed, ${this.failed} failed`)
  }
}
