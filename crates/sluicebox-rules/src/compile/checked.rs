use std::sync::Arc;

use arrow::datatypes::Schema;
use datafusion_common::tree_node::{Transformed, TreeNode};
use datafusion_common::{Result, ScalarValue};
use datafusion_expr::Operator;
use datafusion_physical_expr::PhysicalExpr;
use datafusion_physical_expr::expressions::{BinaryExpr, Literal, NegativeExpr};

/// The same expression, with arithmetic of integers that fails when it overflows: DataFusion's
/// wraps around, and a wrong number is worse than none.
pub(super) fn checked(
    expr: Arc<dyn PhysicalExpr>,
    schema: &Schema,
) -> Result<Arc<dyn PhysicalExpr>> {
    let transformed = expr.transform_up(|part| {
        if let Some(operation) = part.downcast_ref::<BinaryExpr>() {
            let checked = operation.clone().with_fail_on_overflow(true);
            return Ok(Transformed::yes(Arc::new(checked)));
        }
        if let Some(negation) = part.downcast_ref::<NegativeExpr>() {
            let data_type = negation.arg().data_type(schema)?;
            if data_type.is_signed_integer() {
                let zero = Arc::new(Literal::new(ScalarValue::new_zero(&data_type)?));
                let minus = BinaryExpr::new(zero, Operator::Minus, Arc::clone(negation.arg()));
                return Ok(Transformed::yes(Arc::new(
                    minus.with_fail_on_overflow(true),
                )));
            }
        }
        Ok(Transformed::no(part))
    });
    Ok(transformed?.data)
}
