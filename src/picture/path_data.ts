/** The data of a path, in steps from point to point, which are shorter to write than places. */
export class PathData {
  /** What stands in the attribute `d`. */
  text = "";
  #at: readonly [number, number] | null = null;
  #isDown = false;

  /** Draws a line from the last point to this one; after `lift()` it begins here. */
  line(x: number, y: number): void {
    this.#go(this.#isDown ? "l" : "m", x, y);
    this.#isDown = true;
  }

  /** Ends a line. */
  lift(): void {
    this.#isDown = false;
  }

  /** Draws a dot, a line of no length with a round end. */
  dot(x: number, y: number): void {
    this.dash(x, y, 0);
  }

  /** Draws a line to the right. */
  dash(x: number, y: number, length: number): void {
    this.lift();
    const [fromX, fromY] = this.#go("m", x, y);
    const across = short(x + length - fromX);
    this.text += `h${across}`;
    this.#at = [fromX + across, fromY];
  }

  /** Returns where it came to, which rounding may have moved. */
  #go(command: "l" | "m", x: number, y: number): readonly [number, number] {
    const [fromX, fromY] = this.#at ?? [0, 0];
    const across = short(x - fromX);
    const down = short(y - fromY);
    this.text += `${this.#at === null ? "M" : command}${across}${down < 0 ? "" : " "}${down}`;
    // What was left off by rounding would add up.
    return this.#at = [fromX + across, fromY + down];
  }
}

const short = (length: number) => Math.round(length * 10) / 10;
