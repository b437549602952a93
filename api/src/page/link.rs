//! Makes one script of the modules of the page.
//!
//! A browser asks for six files of a server at a time and finds out what a module imports only when it has it, so many
//! small files would be many round trips. Here each module becomes a function that is called once, after those it
//! imports. Only `import` and `export` are read, not the language: the modules keep to the few forms below.

use std::collections::BTreeMap;

/// What stands before all modules: where they are, and what `import(…)` becomes.
const HEAD: &str = "const modules = {};\nconst load = async (path) => modules[path.slice(2)];\n";

/// The names and the texts of modules.
pub(super) type Modules<'a> = BTreeMap<&'a str, &'a str>;

/// The script of these modules; `main` comes last.
pub(super) fn link(modules: &Modules<'_>, main: &str) -> String {
    let mut script = Script { modules, done: vec![], text: HEAD.to_owned() };
    for name in modules.keys().filter(|name| **name != main) {
        script.add(name);
    }
    script.add(main);
    script.text
}

struct Script<'a> {
    modules: &'a Modules<'a>,
    done: Vec<String>,
    text: String,
}

impl Script<'_> {
    /// Adds a module after those it imports, unless it is there.
    fn add(&mut self, name: &str) {
        let Some(text) = self.modules.get(name).filter(|_| !self.done.iter().any(|done| done == name)) else { return };
        self.done.push(name.to_owned());
        let module = Module::read(name, text);
        for import in &module.imports {
            self.add(import);
        }
        let exports = module.exports.join(", ");
        let body = module.body.as_str();
        let parts = ["modules[\"", name, "\"] = (() => {\n", body, "return { ", &exports, " };\n})();\n"];
        self.text.extend(parts);
    }
}

/// A module as the inside of a function.
#[derive(Default)]
struct Module {
    imports: Vec<String>,
    exports: Vec<String>,
    body: String,
}

impl Module {
    fn read(name: &str, text: &str) -> Self {
        let mut module = Self::default();
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let is_about_others = line.starts_with("import ") || line.starts_with("export {");
            let mut statement = line.to_owned();
            while is_about_others && !statement.ends_with("\";") {
                let Some(next) = lines.next() else { break };
                statement += next.trim();
            }
            if is_about_others { module.take_in(name, &statement) } else { module.keep(&statement) }
        }
        module
    }

    /// `import { a, b } from "./c.js";`, `import * as c from "./c.js";` or `export { a, b } from "./c.js";`
    fn take_in(&mut self, name: &str, statement: &str) {
        let Some((what, from)) = statement.split_once(" from \"") else { return };
        let from = place(name, from.trim_end_matches("\";"));
        let names = what.trim_start_matches("import ").trim_start_matches("export ").trim_start_matches("* as ");
        self.body.extend(["const ", names, " = modules[\"", &from, "\"];\n"]);
        if what.starts_with("export") {
            let names = names.trim_matches(['{', '}', ' ']).split(',').map(str::trim).filter(|name| !name.is_empty());
            self.exports.extend(names.map(ToOwned::to_owned));
        }
        self.imports.push(from);
    }

    /// A line of the module's own; what it exports is named in it.
    fn keep(&mut self, line: &str) {
        let own = line.strip_prefix("export ");
        if let Some(own) = own {
            let mut words =
                own.split(|letter: char| !letter.is_alphanumeric() && letter != '_').filter(|word| !word.is_empty());
            let name = words.find(|word| !["async", "class", "const", "function"].contains(word));
            self.exports.extend(name.map(ToOwned::to_owned));
        }
        self.body += &own.unwrap_or(line).replace(" import(", " load(");
        self.body.push('\n');
    }
}

/// Which module another one means.
fn place(from: &str, path: &str) -> String {
    match (path.strip_prefix("../"), from.rsplit_once('/')) {
        (None, Some((folder, _))) => format!("{folder}/{}", path.trim_start_matches("./")),
        (above, _) => above.unwrap_or(path).trim_start_matches("./").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_come_after_those_they_import() {
        let modules = BTreeMap::from([
            ("a/one.js", "import {\n\ttwo,\n} from \"../two.js\";\nexport async function* one() {}\n"),
            ("main.js", "import * as one from \"./a/one.js\";\nawait import(`./a/${name}.js`);\n"),
            ("two.js", "export const two = 2;\nexport { one } from \"./a/three.js\";\n"),
            ("a/three.js", "export class Three {}\nimport { two } from \"./four.js\";\n"),
            ("a/four.js", "const four = 4;\n"),
        ]);
        let script = link(&modules, "main.js");
        let expected = [
            ("a/four.js", "const four = 4;", ""),
            ("a/three.js", "class Three {}\nconst { two } = modules[\"a/four.js\"];", "Three"),
            ("two.js", "const two = 2;\nconst { one } = modules[\"a/three.js\"];", "two, one"),
            ("a/one.js", "const {two,} = modules[\"two.js\"];\nasync function* one() {}", "one"),
            ("main.js", "const one = modules[\"a/one.js\"];\nawait load(`./a/${name}.js`);", ""),
        ];
        let expected = expected.map(|(name, body, exports)| {
            format!("modules[\"{name}\"] = (() => {{\n{body}\nreturn {{ {exports} }};\n}})();\n")
        });
        assert_eq!(script, format!("{HEAD}{}", expected.concat()));
    }
}
