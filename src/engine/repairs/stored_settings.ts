import type { RepairContext } from "./layer_repair.ts";

type FromConfig = (cls: unknown, config: Record<string, unknown>, ...rest: unknown[]) => unknown;

/** Settings that each replacement of `fromConfig` stores; without any of them it does nothing. */
const storing = new WeakMap<object, ReadonlySet<string>>();

/**
 * Makes layers created from a configuration store settings that TensorFlow.js's class does not
 * know, if they differ from the default, and serialise them again.
 *
 * @param usual The settings, each with the value that matches the class.
 */
export function storeSettings(
  { tf, patch }: Pick<RepairContext, "tf" | "patch">,
  classNames: readonly string[],
  usual: Readonly<Record<string, unknown>>,
): void {
  const { classNameMap } = tf.serialization.SerializationMap.getMap() as unknown as {
    classNameMap: Record<string, [cls: unknown, fromConfig: FromConfig]>;
  };
  for (const name of classNames) {
    patch(name, "getConfig", (original) =>
      function (this: Record<string, unknown>) {
        const kept = Object.keys(usual).filter((key) =>
          this[key] != null && this[key] !== usual[key]
        );
        return {
          ...original.call(this),
          ...Object.fromEntries(kept.map((key) => [key, this[key]])),
        };
      });
    const [cls, fromConfig] = classNameMap[name];
    const stored = storing.get(fromConfig) ?? new Set<string>();
    if (Object.keys(usual).every((key) => stored.has(key))) continue;
    const keeping: FromConfig = (cls, config, ...rest) => {
      const isStored = ([key, value]: [string, unknown]) =>
        Object.hasOwn(usual, key) && value != null && value !== usual[key];
      const { true: own = [], false: others = [] } = Object.groupBy(
        Object.entries(config),
        (entry) => `${isStored(entry)}`,
      );
      // The class may reject unknown settings.
      const layer = fromConfig(cls, Object.fromEntries(others), ...rest) as object;
      return Object.assign(layer, Object.fromEntries(own));
    };
    storing.set(keeping, new Set([...stored, ...Object.keys(usual)]));
    classNameMap[name] = [cls, keeping];
  }
}
