import type { Finding } from "../../../src/core/rules/finding.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { THRESHOLDS } from "../../../src/core/rules/register_rule.ts";
import type { Thresholds } from "../../../src/core/rules/thresholds.ts";
import { assert, assertEquals } from "@std/assert";

/** Returns a rule's findings on a network in which the figure of a threshold has this value. */
export type Judge = (figure: number, options?: RuleOptions) => Finding[];

/** A threshold, and the figures just inside and just outside of its default. */
export interface ThresholdRow {
  judge: Judge;
  inside: number[];
  outside: number[];
  severity: Finding["severity"];
  /** Instead of the default, where that is off, or out of reach for another threshold's sake. */
  options?: RuleOptions;
  /** With this threshold the first figure outside is inside. Default: the largest there is. */
  loose?: number;
  /** The threshold that the finding names; `null` where it names none. Default: this one. */
  named?: keyof Thresholds | null;
  /**
   * True if findings compare their figure with more than this threshold, such as a product with it.
   */
  indirect?: boolean;
}

/** Tests that a threshold is where its record says, and may be given. */
export function testThreshold(name: keyof Thresholds, row: ThresholdRow): void {
  const { default: value, range } = THRESHOLDS[name];
  const { judge, inside, outside, severity, options, named = name, loose = range[1] } = row;
  const { indirect = false } = row;
  const findings = (figure: number, given = options) =>
    judge(figure, given)
      .filter((one) => one.severity === severity && (one.threshold ?? null) === named)
      .map(({ severity }) => severity);

  Deno.test(`${name} (${value}) passes just inside it and gives a finding just outside`, () => {
    for (const figure of inside) assertEquals(findings(figure), [], `${figure} is inside`);
    for (const figure of outside) {
      assertEquals(findings(figure), [severity], `${figure} is outside`);
    }
  });

  Deno.test(`${name} may be given, and lets pass then what it did not`, () => {
    assertEquals(findings(outside[0], { ...options, [name]: loose }), []);
  });

  if (indirect) return;
  Deno.test(`${name}, given as the very figure, lets that pass if the finding expects no less or no more`, () => {
    const { measured, expected: { operator, bounds = [] } } = judge(outside[0], options)
      .find((one) => one.severity === severity && one.threshold === name)!;
    assert(measured !== null && bounds.includes(options?.[name] ?? value), `is ${name} indirect?`);
    const said = (given: number) =>
      judge(outside[0], { ...options, [name]: given })
        .map(({ severity, kind, threshold, layers }) => ({ severity, kind, threshold, layers }));
    // As it does of a threshold that lets a hair more pass, or less where the figure itself is too much.
    const isStrict = operator === "<" || operator === ">";
    const hair = 1e-9 * Math.abs(measured) * (isStrict ? -1 : 1);
    const isAbove = measured >= (options?.[name] ?? value);
    assertEquals(said(measured), said(measured + (isAbove ? hair : -hair)));
    assertEquals(
      findings(outside[0], { ...options, [name]: measured }),
      isStrict ? [severity] : [],
    );
  });
}
