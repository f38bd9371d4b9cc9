use std::ops::ControlFlow;
use std::sync::Arc;

use arrow::array::{RecordBatch, new_null_array};
use arrow::datatypes::{DataType, Schema};
use datafusion_common::tree_node::TreeNode;
use datafusion_common::{DFSchema, DataFusionError};
use datafusion_expr::Expr;
use datafusion_expr::execution_props::ExecutionProps;
use datafusion_expr::physical_planning_context::PhysicalPlanningContext;
use datafusion_expr::simplify::SimplifyContext;
use datafusion_optimizer::simplify_expressions::ExprSimplifier;
use datafusion_physical_expr::{PhysicalExpr, create_physical_expr};
use datafusion_sql::planner::{ParserOptions, PlannerContext, SqlToRel};
use datafusion_sql::sqlparser::ast::{Expr as Ast, Visit, Visitor};

use super::checked::checked;
use super::functions::Functions;
use super::mistake::{Mistake, explain, unknown};
use super::{parse, restrictions};

/// An expression that can be evaluated.
pub(super) struct Planned {
    pub(super) physical: Arc<dyn PhysicalExpr>,
    pub(super) data_type: DataType,
    /// Whether it is the same null for every row.
    pub(super) is_always_null: bool,
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
        if let Some(name) = called_function(ast).filter(|name| !self.functions.contains(name)) {
            return Err(unknown("function", &name, self.functions.names()));
        }
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
        // Before simplification, because that computes constants without a check for overflow.
        try_parts(&coerced, schema, is_constant_arithmetic)?;
        let simplified = simplifier.simplify(coerced).map_err(explained)?;
        restrictions::check_arguments(&simplified)?;
        try_parts(&simplified, schema, is_constant_or_simple_call)?;
        let physical = physical(&simplified, schema).map_err(explained)?;
        let data_type = physical.data_type(schema.as_arrow()).map_err(explained)?;
        let is_always_null = matches!(&simplified, Expr::Literal(value, _) if value.is_null());
        Ok(Planned {
            physical,
            data_type,
            is_always_null,
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

/// The function that the expression as a whole is a call of.
fn called_function(ast: &Ast) -> Option<String> {
    match ast {
        Ast::Function(function) => Some(function.name.to_string().to_lowercase()),
        _ => None,
    }
}

/// Evaluates the chosen parts of an expression over a row of nulls.
fn try_parts(
    expr: &Expr,
    schema: &DFSchema,
    is_tried: impl Fn(&Expr) -> bool,
) -> Result<(), String> {
    let nullable = schema
        .fields()
        .iter()
        .map(|field| field.as_ref().clone().with_nullable(true));
    let nullable = Arc::new(Schema::new(nullable.collect::<Vec<_>>()));
    let nulls = nullable
        .fields()
        .iter()
        .map(|field| new_null_array(field.data_type(), 1));
    let row = RecordBatch::try_new(Arc::clone(&nullable), nulls.collect())
        .map_err(|error| error.to_string())?;
    restrictions::each_part(expr, |part| {
        if !is_tried(part) {
            return Ok(());
        }
        let evaluated = physical(part, schema).and_then(|physical| physical.evaluate(&row));
        evaluated.map(drop).map_err(|error| {
            format!(
                "`{}` cannot be computed: {}",
                part.human_display(),
                explain(&error)
            )
        })
    })
}

/// Whether the part is the same for every row and calls no function.
fn is_constant_arithmetic(part: &Expr) -> bool {
    let calls = part.exists(|part| Ok(matches!(part, Expr::ScalarFunction(_))));
    is_constant(part) && matches!(calls, Ok(false))
}

/// Whether the part is the same for every row, or a call whose arguments are columns and constants:
/// a wrong constant (the unit of a `date_part`, say) shows only in the call.
fn is_constant_or_simple_call(part: &Expr) -> bool {
    let is_simple = |argument: &Expr| is_constant(argument) || matches!(argument, Expr::Column(_));
    match part {
        Expr::ScalarFunction(call) => call.args.iter().all(is_simple),
        _ => is_constant(part),
    }
}

fn is_constant(part: &Expr) -> bool {
    part.column_refs().is_empty()
}

fn physical(expr: &Expr, schema: &DFSchema) -> Result<Arc<dyn PhysicalExpr>, DataFusionError> {
    let (props, context) = (ExecutionProps::new(), PhysicalPlanningContext::default());
    checked(
        create_physical_expr(expr, schema, &props, &context)?,
        schema.as_arrow(),
    )
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err takes"
)]
fn explained(error: DataFusionError) -> String {
    explain(&error)
}
