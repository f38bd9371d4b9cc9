use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::datatypes::{DataType, Schema};
use datafusion_common::{DFSchema, DataFusionError};
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::simplify::SimplifyContext;
use datafusion_optimizer::simplify_expressions::ExprSimplifier;
use datafusion_physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion_sql::planner::{ParserOptions, PlannerContext, SqlToRel};
use datafusion_sql::sqlparser::ast::{Expr as Ast, Visit, Visitor};

use super::functions::Functions;
use super::mistake::{Mistake, explain};
use super::{parse, restrictions};

/// An expression that can be evaluated.
pub(super) struct Planned {
    pub(super) physical: Arc<dyn PhysicalExpr>,
    pub(super) data_type: DataType,
}

/// Turns syntax into something to evaluate.
pub(super) struct Planner {
    functions: Functions,
}

impl Planner {
    pub(super) fn new() -> Self {
        Self {
            functions: Functions::new(),
        }
    }

    /// Resolves names, checks and coerces types, computes what is constant.
    ///
    /// A mistake is where the smallest part is that has it: planning errors have no place of their
    /// own, but a part of an expression can be planned like the whole.
    pub(super) fn plan(&self, ast: &Ast, schema: &Schema) -> Result<Planned, Mistake> {
        let schema = DFSchema::try_from(schema.clone())
            .map_err(|error| Mistake::elsewhere(explain(&error)))?;
        self.plan_part(ast, &schema).map_err(|message| {
            let mut search = SmallestPart {
                planner: self,
                schema: &schema,
            };
            match ast.visit(&mut search) {
                ControlFlow::Break(mistake) => mistake,
                ControlFlow::Continue(()) => Mistake::at(message, parse::start(ast)),
            }
        })
    }

    fn plan_part(&self, ast: &Ast, schema: &DFSchema) -> Result<Planned, String> {
        let options = ParserOptions::new()
            .with_enable_ident_normalization(false)
            .with_map_string_types_to_utf8view(false);
        let expr = SqlToRel::new_with_options(&self.functions, options)
            .sql_to_expr(ast.clone(), schema, &mut PlannerContext::new())
            .map_err(explained)?;
        restrictions::check_functions(&expr)?;
        let context = SimplifyContext::builder()
            .with_schema(Arc::new(schema.clone()))
            .build();
        let simplifier = ExprSimplifier::new(context);
        let coerced = simplifier.coerce(expr, schema).map_err(explained)?;
        let simplified = simplifier.simplify(coerced).map_err(explained)?;
        restrictions::check_arguments(&simplified)?;
        let props = ExecutionProps::new();
        let physical = create_physical_expr(&simplified, schema, &props, &Default::default())
            .map_err(explained)?;
        let data_type = physical.data_type(schema.as_arrow()).map_err(explained)?;
        Ok(Planned {
            physical,
            data_type,
        })
    }
}

/// Visits the parts before the whole and stops at the first that cannot be planned.
struct SmallestPart<'a> {
    planner: &'a Planner,
    schema: &'a DFSchema,
}

impl Visitor for SmallestPart<'_> {
    type Break = Mistake;

    fn post_visit_expr(&mut self, part: &Ast) -> ControlFlow<Mistake> {
        match self.planner.plan_part(part, self.schema) {
            Ok(_) => ControlFlow::Continue(()),
            Err(message) => ControlFlow::Break(Mistake::at(message, parse::start(part))),
        }
    }
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err takes"
)]
fn explained(error: DataFusionError) -> String {
    explain(&error)
}
