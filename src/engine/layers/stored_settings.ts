import type { RepairContext } from "./layer_repair.ts";

type FromConfig = (cls: unknown, config: Record<string, unknown>, ...rest: unknown[]) => unknown;

/** What was put in place of `fromConfig`; it does nothing where a configuration has none of the settings. */
const storing = new WeakSet<object>();

/**
 * Has the layers that come from a configuration keep settings that TensorFlow.js's class does not know, under their
 * names, where they are not what the class does anyway, and write them again.
 *
 * @param classNames The classes.
 * @param usual The settings, each with the value that says what the class does.
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
    if (storing.has(fromConfig)) continue;
    const keeping: FromConfig = (own, config, ...rest) => {
      const isStored = ([key, value]: [string, unknown]) =>
        Object.hasOwn(usual, key) && value != null && value !== usual[key];
      const { true: stored = [], false: others = [] } = Object.groupBy(
        Object.entries(config),
        (entry) => `${isStored(entry)}`,
      );
      // The class may refuse what it does not know.
      const layer = fromConfig(own, Object.fromEntries(others), ...rest) as object;
      return Object.assign(layer, Object.fromEntries(stored));
    };
    storing.add(keeping);
    classNameMap[name] = [cls, keeping];
  }
}
