"""Common methods and functions, by name, that change nothing or return new objects.

Others may change their object, and their value may share parts with their arguments.
"""

from __future__ import annotations

__all__ = ["CHANGING_FUNCTIONS", "FRESH_FUNCTIONS", "FRESH_METHODS", "PURE_METHODS"]


def words(text: str) -> frozenset[str]:
    """Return the words of a text."""
    return frozenset(text.split())


# Methods that do not change their object. Others may change it.
PURE_METHODS = words(
    """
    abs agg aggregate all any apply applymap argmax argmin argsort as_matrix asfreq assign astype
    at_time bfill between bincount capitalize cat ceil clip combine_first copy corr count cov
    cummax cummin cumprod cumsum decode describe diff dot drop drop_duplicates dropna dt dtypes
    duplicated encode endswith eq ewm expanding explode f1_score ffill fillna filter find first
    flatten floor format format_map from_dict ge get get_dummies get_feature_names_out get_group
    get_params groupby gt head hist idxmax idxmin iloc info interpolate isalnum isalpha isdecimal
    isdigit isin isinf islower isna isnan isnull isspace isupper item items iterrows itertuples
    join keys kurt kurtosis last le ljust loc lower lstrip lt map max mean median melt memory_usage
    merge min mode mul multiply name ne nlargest notna notnull nsmallest nunique partition
    pct_change     pipe pivot pivot_table plot pow predict predict_log_proba predict_proba prod
    product quantile query
    rank ravel rdiv reindex rename rename_axis replace resample reset_index reshape rfind rjust
    rolling rotate round rsplit rstrip sample score searchsorted select_dtypes sem set_axis
    set_index shape shift size skew slice sort_index sort_values split splitlines squeeze stack
    startswith std str strftime strip sub subtract sum swapaxes swapcase swaplevel tail take title
    to_clipboard to_csv to_dict to_excel to_frame to_html to_json to_list to_markdown to_numpy
    to_parquet to_period to_pickle to_records to_sql to_string to_timestamp tobytes tolist trace
    translate transpose truncate tz_convert tz_localize unique unstack upper value_counts values
    var view where xs zfill
    arange array asarray concat concatenate cos cross_val_score date_range empty exp eye figure
    full hstack linspace log log10 log2 logspace meshgrid mgrid ones power rand randint randn
    read_csv read_excel read_json read_parquet show sin sqrt subplots tan tile vstack zeros
    choice normal uniform default_rng index isoformat intersection union difference issubset
    """
)

# Methods and functions whose value is a new object.
FRESH_METHODS = words(
    """
    abs agg aggregate all any apply applymap argmax argmin argsort assign astype bincount copy corr
    count cov cumprod cumsum deepcopy describe diff dot drop drop_duplicates dropna encode decode
    endswith explode fillna flatten format groupby head idxmax idxmin interpolate isin isna isnull
    join kurt lower lstrip max mean median melt merge min mode nlargest notna notnull nsmallest
    nunique pct_change pivot pivot_table predict predict_proba prod quantile query rank reindex
    rename replace resample reset_index rolling round rstrip sample score select_dtypes set_index
    shift skew sort_index sort_values split stack startswith std strip sum tail to_dict to_frame
    to_list to_numpy to_string tolist unique unstack upper value_counts var where fit_transform
    transform read_csv read_excel read_json read_parquet randn rand randint choice normal uniform
    """
)
FRESH_FUNCTIONS = words(
    """
    abs all any bin bool bytes chr complex float format frozenset hash hex int isinstance len max
    min oct ord pow print range repr round str sum type display set
    """
)
CHANGING_FUNCTIONS = words(
    """
    next setattr delattr shuffle heappush heappop heapify insort insort_left insort_right put
    copyto fill_diagonal place putmask heapreplace heappushpop
    """
)
