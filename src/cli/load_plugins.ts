import { isRule, registerRule } from "../rules/register_rule.ts";
import { importModule } from "../model/user_code/foreign_code.ts";
import { GateError } from "../gate/gate_result.ts";

/**
 * Imports modules and registers every rule that they export, in the order of their names.
 *
 * @param files Their paths, relative to the working directory.
 * @throws {ModelError} If a module cannot be imported.
 * @throws {GateError} If one exports no rule, or a rule that cannot be registered.
 */
export async function loadPlugins(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const rules = Object.values(await importModule(file)).filter(isRule);
    if (rules.length === 0) {
      throw new GateError(`${file}: it exports no rule, expected one or more of defineRule()`);
    }
    for (const rule of rules) {
      try {
        registerRule(rule);
      } catch (error) {
        throw new GateError(`${file}: ${(error as Error).message}`);
      }
    }
  }
}
