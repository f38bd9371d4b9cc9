use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion_sql::sqlparser::ast::Expr as Ast;

use crate::rules::{Derived, Expression, Predicate};
use crate::{RuleError, RuleKind, RuleSpec, Rules};
use mistake::Mistake;
use plan::{Planned, Planner};

mod mistake;
mod parse;
mod plan;
mod functions;
mod restrictions;
mod checked;
mod column_type;

/// Columns that the lake adds to a table itself, or that its paths hold.
const RESERVED: [&str; 4] = ["_kafka", "_extra", "dt", "hour"];

/// Twice what the deepest expression needs without compiler optimisation.
const STACK_BYTES: usize = 12 * 1024 * 1024;

impl Rules {
    /// Compiles the rules of a topic for rows of this schema.
    ///
    /// # Errors
    /// With every mistake there is, in the order of the config; the first one of each expression,
    /// and none for an expression that only uses a derived column in which there is a mistake.
    pub fn compile(specs: &[RuleSpec], input: &SchemaRef) -> Result<Self, Vec<RuleError>> {
        // The planner recurses with the depth of an expression, in large steps.
        thread::scope(|scope| {
            let compiler = thread::Builder::new().stack_size(STACK_BYTES);
            match compiler.spawn_scoped(scope, || compile(specs, input)) {
                Ok(compiling) => compiling
                    .join()
                    .unwrap_or_else(|panic| resume_unwind(panic)),
                Err(_) => compile(specs, input),
            }
        })
    }
}

fn compile(specs: &[RuleSpec], input: &SchemaRef) -> Result<Rules, Vec<RuleError>> {
    let mut compilation = Compilation::new(specs, input);
    let is_derived = |(_, spec): &(usize, &RuleSpec)| matches!(spec.kind, RuleKind::Derive { .. });
    let numbered = || specs.iter().enumerate();
    for (rule, spec) in numbered().filter(is_derived) {
        compilation.add(rule, spec);
    }
    for (rule, spec) in numbered().filter(|numbered| !is_derived(numbered)) {
        compilation.add(rule, spec);
    }
    compilation.finish()
}

/// Rules as far as they are compiled.
struct Compilation<'a> {
    specs: &'a [RuleSpec],
    planner: Planner,
    rules: Rules,
    /// Derived columns that are not there because of a mistake.
    missing: BTreeSet<String>,
    mistakes: Vec<(usize, Mistake)>,
}

impl<'a> Compilation<'a> {
    fn new(specs: &'a [RuleSpec], input: &SchemaRef) -> Self {
        Self {
            specs,
            planner: Planner::new(),
            rules: Rules::without_any(specs, input),
            missing: BTreeSet::new(),
            mistakes: Vec::new(),
        }
    }

    fn add(&mut self, rule: usize, spec: &RuleSpec) {
        let name = self.check_name(rule, &spec.name);
        self.note(rule, name);
        match &spec.kind {
            RuleKind::Derive { column } => self.add_column(rule, column, &spec.sql),
            RuleKind::Where => {
                let predicate = self.predicate(rule, &spec.sql);
                self.rules.filters.extend(predicate);
            }
            RuleKind::Expect => {
                let predicate = self.predicate(rule, &spec.sql);
                self.rules.expectations.extend(predicate);
            }
        }
    }

    /// Takes a mistake aside.
    fn note<T>(&mut self, rule: usize, result: Result<T, Mistake>) -> Option<T> {
        result
            .map_err(|mistake| self.mistakes.push((rule, mistake)))
            .ok()
    }

    fn finish(mut self) -> Result<Rules, Vec<RuleError>> {
        if self.mistakes.is_empty() {
            return Ok(self.rules);
        }
        self.mistakes.sort_by_key(|(rule, _)| *rule);
        let errors = self.mistakes.into_iter().map(|(rule, mistake)| RuleError {
            rule: self.rules.rule_name(rule).to_owned(),
            message: mistake.message,
            position: mistake.position,
        });
        Err(errors.collect())
    }

    fn check_name(&self, rule: usize, name: &str) -> Result<(), Mistake> {
        if name.is_empty() {
            return Err(Mistake::elsewhere("it has no name: give it one"));
        }
        if self.specs.iter().take(rule).any(|other| other.name == name) {
            return Err(Mistake::elsewhere(
                "another rule has the same name: rename one of them",
            ));
        }
        Ok(())
    }

    /// Compiles a derived column and adds it to the schema of what follows.
    fn add_column(&mut self, rule: usize, column: &str, sql: &str) {
        let name = check_column_name(column, &self.rules.output);
        let name = self.note(rule, name);
        let field = self.derived(rule, column, sql);
        if let (Some(()), Some(derived)) = (name, field) {
            let fields = self.rules.output.fields().iter().chain([&derived.field]);
            let fields: Vec<_> = fields.cloned().collect();
            let metadata = self.rules.output.metadata().clone();
            self.rules.output = Arc::new(Schema::new_with_metadata(fields, metadata));
            self.rules.derived.push(derived);
        } else {
            self.missing.insert(column.to_owned());
        }
    }

    fn derived(&mut self, rule: usize, column: &str, sql: &str) -> Option<Derived> {
        let (ast, planned) = self.plan(rule, sql)?;
        let data_type = column_type::column_type(&planned.data_type)
            .map_err(|message| Mistake::at(message, parse::start(&ast)));
        let data_type = self.note(rule, data_type)?;
        let field = Field::new(column, data_type.clone(), true);
        let expression = Expression::new(planned.physical, data_type);
        Some(Derived {
            rule,
            expression,
            field: Arc::new(field),
        })
    }

    fn predicate(&mut self, rule: usize, sql: &str) -> Option<Predicate> {
        let (ast, planned) = self.plan(rule, sql)?;
        let decides = check_predicate(&planned);
        let decides = decides.map_err(|message| Mistake::at(message, parse::start(&ast)));
        self.note(rule, decides)?;
        let expression = Expression::new(planned.physical, planned.data_type);
        Some(Predicate { rule, expression })
    }

    /// `None` also if the expression uses a column that is missing because of another mistake.
    fn plan(&mut self, rule: usize, sql: &str) -> Option<(Ast, Planned)> {
        let ast = self.note(rule, parse::parse(sql))?;
        if parse::mentions_any(&ast, &self.missing) {
            return None;
        }
        let planned = self.planner.plan(&ast, &self.rules.output);
        Some(ast).zip(self.note(rule, planned))
    }
}

fn check_predicate(planned: &Planned) -> Result<(), String> {
    if planned.data_type != DataType::Boolean {
        let found = &planned.data_type;
        return Err(format!(
            "the expression must be true or false, but it is of type {found}"
        ));
    }
    if planned.is_always_null {
        return Err("the expression is null for every row; is `IS NULL` meant?".to_owned());
    }
    Ok(())
}

fn check_column_name(column: &str, schema: &Schema) -> Result<(), Mistake> {
    column_type::check_snake_case(column).map_err(Mistake::elsewhere)?;
    if RESERVED.contains(&column) {
        return Err(Mistake::elsewhere(format!(
            "the column name `{column}` is used by the table itself: choose another"
        )));
    }
    if schema
        .fields()
        .iter()
        .any(|field| field.name().eq_ignore_ascii_case(column))
    {
        return Err(Mistake::elsewhere(format!(
            "there is a column `{column}` already: choose another name"
        )));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
