use std::collections::BTreeSet;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};

use crate::rules::{Derived, Expression, Predicate};
use crate::{RuleError, RuleKind, RuleSpec, Rules};
use column_type::FieldIds;
use mistake::Mistake;
use plan::Planner;

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
    field_ids: FieldIds,
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
            field_ids: FieldIds::after(input),
            rules: Rules::without_any(specs, input),
            missing: BTreeSet::new(),
            mistakes: Vec::new(),
        }
    }

    fn add(&mut self, rule: usize, spec: &RuleSpec) {
        if let Err(mistake) = self.check_name(rule, &spec.name) {
            self.mistakes.push((rule, mistake));
        }
        let added = match &spec.kind {
            RuleKind::Derive { column } => self.add_column(rule, column, &spec.sql),
            RuleKind::Where => self.predicate(rule, &spec.sql).map(|predicate| {
                self.rules.filters.extend(predicate);
            }),
            RuleKind::Expect => self.predicate(rule, &spec.sql).map(|predicate| {
                self.rules.expectations.extend(predicate);
            }),
        };
        if let Err(mistake) = added {
            self.mistakes.push((rule, mistake));
        }
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
    fn add_column(&mut self, rule: usize, column: &str, sql: &str) -> Result<(), Mistake> {
        let name = check_column_name(column, &self.rules.output);
        let derived = self.derived(rule, column, sql);
        match (name, derived) {
            (Ok(()), Ok(Some(derived))) => {
                let fields = self.rules.output.fields().iter().cloned();
                let fields: Vec<_> = fields.chain([Arc::clone(&derived.field)]).collect();
                let metadata = self.rules.output.metadata().clone();
                self.rules.output = Arc::new(Schema::new_with_metadata(fields, metadata));
                self.rules.derived.push(derived);
                Ok(())
            }
            (name, derived) => {
                self.missing.insert(column.to_owned());
                if let (Err(_), Err(mistake)) = (&name, &derived) {
                    self.mistakes.push((rule, mistake.clone()));
                }
                name.and(derived.map(drop))
            }
        }
    }

    /// `None` if the expression uses a column that is missing because of another mistake.
    fn derived(
        &mut self,
        rule: usize,
        column: &str,
        sql: &str,
    ) -> Result<Option<Derived>, Mistake> {
        let ast = parse::parse(sql)?;
        if parse::mentions_any(&ast, &self.missing) {
            return Ok(None);
        }
        let planned = self.planner.plan(&ast, &self.rules.output)?;
        let metadata = self.field_ids.next();
        let data_type = self
            .field_ids
            .column_type(&planned.data_type)
            .map_err(|message| Mistake::at(message, parse::start(&ast)))?;
        let field = Field::new(column, data_type.clone(), true).with_metadata(metadata);
        let expression = Expression::new(planned.physical, data_type);
        Ok(Some(Derived {
            rule,
            expression,
            field: Arc::new(field),
        }))
    }

    /// `None` if the expression uses a column that is missing because of another mistake.
    fn predicate(&self, rule: usize, sql: &str) -> Result<Option<Predicate>, Mistake> {
        let ast = parse::parse(sql)?;
        if parse::mentions_any(&ast, &self.missing) {
            return Ok(None);
        }
        let planned = self.planner.plan(&ast, &self.rules.output)?;
        if planned.data_type != DataType::Boolean {
            let found = planned.data_type;
            let message =
                format!("the expression must be true or false, but it is of type {found}");
            return Err(Mistake::at(message, parse::start(&ast)));
        }
        if planned.is_always_null {
            let message = "the expression is null for every row; is `IS NULL` meant?";
            return Err(Mistake::at(message, parse::start(&ast)));
        }
        let expression = Expression::new(planned.physical, planned.data_type);
        Ok(Some(Predicate { rule, expression }))
    }
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
