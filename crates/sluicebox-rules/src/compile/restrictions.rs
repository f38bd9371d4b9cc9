use std::ops::ControlFlow;

use datafusion_common::ScalarValue;
use datafusion_common::tree_node::{TreeNode, TreeNodeRecursion};
use datafusion_expr::expr::ScalarFunction;
use datafusion_expr::{Expr, Operator, Volatility};
use datafusion_sql::sqlparser::ast::{Expr as Ast, Visit, Visitor};

use super::mistake::Mistake;
use super::parse;
use crate::NESTING_MAX;

/// Functions of many rows, refused by name because no rule has more than one.
const AGGREGATES: [&str; 12] = [
    "array_agg",
    "avg",
    "count",
    "first_value",
    "last_value",
    "max",
    "mean",
    "median",
    "min",
    "stddev",
    "string_agg",
    "sum",
];

/// Arguments (function, index) that decide how large a result gets or what a pattern costs. One
/// record must not choose them.
const CONSTANT_ARGUMENTS: [(&str, usize); 11] = [
    ("lpad", 1),
    ("regexp_count", 1),
    ("regexp_instr", 1),
    ("regexp_like", 1),
    ("regexp_match", 1),
    ("regexp_replace", 1),
    ("regexp_replace", 2),
    ("repeat", 1),
    ("replace", 2),
    ("rpad", 1),
    ("translate", 2),
];

/// Numbers among those arguments (how often a text is repeated, how long it gets) are smaller.
const CONSTANT_ARGUMENT_MAX: i64 = 10_000;

/// Refuses what is not computed from one row, and what nests too deep to be planned safely.
pub(super) fn check_form(ast: &Ast) -> Result<(), Mistake> {
    match ast.visit(&mut Form { depth: 0 }) {
        ControlFlow::Break(mistake) => Err(mistake),
        ControlFlow::Continue(()) => Ok(()),
    }
}

struct Form {
    depth: usize,
}

impl Visitor for Form {
    type Break = Mistake;

    fn pre_visit_expr(&mut self, part: &Ast) -> ControlFlow<Mistake> {
        self.depth += 1;
        let problem = match part {
            _ if self.depth > NESTING_MAX => "the expression nests too deep: split it",
            Ast::Subquery(_) | Ast::Exists { .. } | Ast::InSubquery { .. } => {
                "a rule sees its own row only: subqueries are not possible"
            }
            Ast::Function(function) if function.over.is_some() => {
                "a rule sees its own row only: window functions are not possible"
            }
            Ast::Function(function)
                if AGGREGATES.contains(&function.name.to_string().to_lowercase().as_str()) =>
            {
                "a rule sees its own row only: aggregates are not possible"
            }
            Ast::CompoundFieldAccess { .. } => {
                "only members of struct columns can be reached, as `column.member`"
            }
            Ast::Array(_) => "there are no arrays in expressions",
            _ => return ControlFlow::Continue(()),
        };
        ControlFlow::Break(Mistake::at(problem, parse::start(part)))
    }

    fn post_visit_expr(&mut self, _: &Ast) -> ControlFlow<Mistake> {
        self.depth -= 1;
        ControlFlow::Continue(())
    }
}

/// Refuses functions that may give another result when the log is read again.
pub(super) fn check_functions(expr: &Expr) -> Result<(), String> {
    each_part(expr, |part| match part {
        Expr::ScalarFunction(ScalarFunction { func, .. })
            if func.signature().volatility != Volatility::Immutable =>
        {
            Err(format!(
                "`{}` gives another result each time, but rows must come out the same when the \
                 log is read again: use only columns",
                func.name()
            ))
        }
        _ => Ok(()),
    })
}

/// Refuses, in an expression whose constant parts are computed, arguments that must be constant and
/// are not.
pub(super) fn check_arguments(expr: &Expr) -> Result<(), String> {
    each_part(expr, |part| match part {
        Expr::ScalarFunction(call) => check_call(call),
        Expr::BinaryExpr(operation) if is_pattern(operation.op) => match *operation.right {
            Expr::Literal(..) => Ok(()),
            _ => Err("the pattern must be a constant".to_owned()),
        },
        _ => Ok(()),
    })
}

const fn is_pattern(operator: Operator) -> bool {
    matches!(
        operator,
        Operator::RegexMatch
            | Operator::RegexIMatch
            | Operator::RegexNotMatch
            | Operator::RegexNotIMatch
    )
}

fn check_call(call: &ScalarFunction) -> Result<(), String> {
    let name = call.name();
    for (function, index) in CONSTANT_ARGUMENTS {
        let argument = call.args.get(index).filter(|_| function == name);
        match argument {
            Some(Expr::Literal(ScalarValue::Int64(Some(CONSTANT_ARGUMENT_MAX..)), _)) => {
                return Err(format!(
                    "argument {} of `{name}` must be less than {CONSTANT_ARGUMENT_MAX}",
                    index + 1
                ));
            }
            None | Some(Expr::Literal(..)) => {}
            Some(_) => {
                return Err(format!(
                    "argument {} of `{name}` must be a constant",
                    index + 1
                ));
            }
        }
    }
    Ok(())
}

/// Checks an expression and its parts until one is not in order.
pub(super) fn each_part(
    expr: &Expr,
    mut check: impl FnMut(&Expr) -> Result<(), String>,
) -> Result<(), String> {
    let mut checked = Ok(());
    let walked = expr.apply(|part| {
        checked = check(part);
        Ok(if checked.is_ok() {
            TreeNodeRecursion::Continue
        } else {
            TreeNodeRecursion::Stop
        })
    });
    walked.map_err(|error| error.strip_backtrace())?;
    checked
}
